/** The plugins that make hops and are always there, by name. */
import type { PluginModule } from './plugin.ts'

export const KNOWN_PLUGINS: ReadonlyMap<string, PluginModule> = new Map<string, PluginModule>(
  ([] as readonly PluginModule[]).map((module) => [module.name, module]),
)
