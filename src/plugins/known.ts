/** The plugins that make hops and are always there, by name. */
import type { PluginModule } from './plugin.ts'
import { socksProxy } from './socks-proxy.ts'

export const KNOWN_PLUGINS: ReadonlyMap<string, PluginModule> = new Map(
  [socksProxy].map((module) => [module.name, module]),
)
