/** The plugins that make hops and are always there, by name. */
import { httpProxy } from './http-proxy.ts'
import type { PluginModule } from './plugin.ts'
import { socksProxy } from './socks-proxy.ts'

export const KNOWN_PLUGINS: ReadonlyMap<string, PluginModule> = new Map(
  [httpProxy, socksProxy].map((module) => [module.name, module]),
)
