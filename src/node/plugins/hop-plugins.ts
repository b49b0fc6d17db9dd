/** The plugins that make hops for every client, whoever asks for them. */
import { KNOWN_PLUGINS } from '../../plugins/known.ts'
import type { SocketPlugin } from '../../plugins/plugin.ts'

export const HOP_PLUGINS: readonly SocketPlugin[] = [...KNOWN_PLUGINS.values()].map(({ name, create }) =>
  create({ name, words: [], directives: [] }),
)
