/** The plugins that `socket-plugin NAME` loads. */
import type { PluginModule, PluginOrders, SocketPlugin } from '../../plugins/plugin.ts'
import { systemdModule } from './systemd.ts'

export const SOCKET_PLUGINS: ReadonlyMap<string, PluginModule> = new Map(
  [systemdModule].map((module) => [module.name, module]),
)

/** Makes those that a configuration loads (`plugins` of what `loadConfig` returns), for the `plugins` of `listen`. */
export function createPlugins(orders: readonly PluginOrders[]): readonly SocketPlugin[] {
  return orders.flatMap((order) => SOCKET_PLUGINS.get(order.name)?.create(order) ?? [])
}
