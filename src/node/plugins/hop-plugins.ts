/** The plugins that make hops for every client, whoever asks for them. */
import type { SocketPlugin } from '../../plugins/plugin.ts'

export const HOP_PLUGINS: readonly SocketPlugin[] = []
