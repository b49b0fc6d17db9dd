/** The plugins that are always there, and what becomes of plugins once a configuration has said what it wants of them. */
import type { HopMakers } from '../../config/hop-conflicts.ts'
import { KNOWN_MAKERS, KNOWN_PLUGINS } from '../../plugins/known.ts'
import type { PluginModule, PluginOrders, SocketPlugin } from '../../plugins/plugin.ts'
import { systemdModule } from './systemd.ts'

/** By name. `socket-plugin` loads one, or a directive of its own; `printConfig` prints the hops that it has made. */
export const SOCKET_PLUGINS: ReadonlyMap<string, PluginModule> = new Map([
  ...KNOWN_PLUGINS,
  [systemdModule.name, systemdModule],
])

/** Makes those that a configuration loads (`plugins` of what `loadConfig` returns), for the `plugins` of `listen`. */
export function createPlugins(orders: readonly PluginOrders[]): readonly SocketPlugin[] {
  return orders.flatMap((order) => SOCKET_PLUGINS.get(order.name)?.create(order) ?? [])
}

/** Who makes hops: those that are always there, and these, which come before them. */
export function hopMakersOf(plugins: readonly SocketPlugin[] = []): HopMakers {
  const own = plugins.flatMap(({ name, hops }) => (hops ? [[name, hops] as const] : []))
  return own.length === 0 ? KNOWN_MAKERS : new Map([...KNOWN_MAKERS, ...own])
}
