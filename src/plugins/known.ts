/** The plugins that make hops and are always there. */
import { httpProxy } from './http-proxy.ts'
import type { HopMaker, PluginModule } from './plugin.ts'
import { socksProxy } from './socks-proxy.ts'

/** By name. */
export const KNOWN_PLUGINS: ReadonlyMap<string, PluginModule> = new Map(
  [httpProxy, socksProxy].map((module) => [module.name, module]),
)

/** By the kind of their hops. */
export const KNOWN_MAKERS: ReadonlyMap<string, HopMaker> = new Map(
  [...KNOWN_PLUGINS.values()].flatMap(({ name, create }) => {
    const { hops } = create({ name, words: [], directives: [] })
    return hops ? [[name, hops] as const] : []
  }),
)
