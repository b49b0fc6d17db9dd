/** The plugins that are always there, and what becomes of plugins once a configuration has said what it wants of them. */
import type { HopMakers } from '../../config/hop-conflicts.ts'
import { KNOWN_PLUGINS } from '../../plugins/known.ts'
import type { PluginModule, PluginOrders, SocketPlugin } from '../../plugins/plugin.ts'
import { HOP_PLUGINS } from './hop-plugins.ts'
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

const ALWAYS = makersOf(HOP_PLUGINS)

/** Who makes hops: these, and those that are always there. */
export function hopMakersOf(plugins: readonly SocketPlugin[] = []): HopMakers {
  return plugins.length === 0 ? ALWAYS : makersOf([...HOP_PLUGINS, ...plugins])
}

function makersOf(plugins: readonly SocketPlugin[]): HopMakers {
  return new Map(plugins.flatMap(({ name, hops }) => (hops ? [[name, hops] as const] : [])))
}
