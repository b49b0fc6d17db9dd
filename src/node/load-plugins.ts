/**
 * A configuration with the socket plugins that it loads, which may be modules of anybody's (R9): it is parsed to see which
 * nobody knows, these are imported, and it is parsed again with them. What may load one is the parser's to say.
 */
import { DIRECTIVES } from '../config/directives.ts'
import { callPlugin } from '../config/call-plugin.ts'
import type { Issue, Place, Problem } from '../config/issue.ts'
import type { Parsed } from '../config/parse.ts'
import { byName } from '../config/plugin-orders.ts'
import type { Value } from '../config/source.ts'
import type { PluginModule, SocketPlugin } from '../plugins/plugin.ts'
import { FOREIGN, type LoadOptions, type OpenConfig, openConfig } from './load-config.ts'
import { importPlugin } from './plugins/import-plugin.ts'
import { SOCKET_PLUGINS } from './plugins/socket-plugins.ts'

export interface LoadedConfig extends Parsed {
  /** What it loads, made: for the `plugins` of `connect`, `createClient` and `listen`. */
  readonly socketPlugins: readonly SocketPlugin[]
}

/**
 * As `loadConfig`, and loads the modules that `socket-plugin` names: those of `options.argv`, and with
 * `allowSocketPlugins` those of the file. Their code runs in this process. Never rejects: a module that cannot be used is
 * an issue like any other.
 */
export async function loadConfigWithPlugins(
  file: string | undefined,
  options: LoadOptions = {},
): Promise<LoadedConfig> {
  const config = openConfig(file, options)
  const first = config.parse(options)
  const known = options.plugins ?? SOCKET_PLUGINS
  if (first.unknownPlugins.length === 0) return withPlugins(first, known)
  const found = await importAll(first.unknownPlugins, known, config)
  const plugins = new Map([...known, ...found.modules])
  return withPlugins(config.parse({ ...options, plugins, absence: ({ text }) => found.problems.get(text) }), plugins)
}

interface Found {
  readonly modules: Map<string, PluginModule>
  readonly problems: Map<string, Problem>
}

async function importAll(
  names: readonly Value[],
  known: ReadonlyMap<string, PluginModule>,
  { folderOf }: OpenConfig,
): Promise<Found> {
  const found: Found = { modules: new Map(), problems: new Map() }
  // One after the other: of two that clash, the second is at fault.
  for (const { text, at } of names) {
    if (found.modules.has(text) || found.problems.has(text)) continue
    const module = await importPlugin(text, folderOf(at.file))
    const problem = 'message' in module ? module : clashOf(text, module, [...known.values(), ...found.modules.values()])
    if (problem) found.problems.set(text, problem)
    else if (!('message' in module)) found.modules.set(text, module)
  }
  return found
}

function clashOf(word: string, module: PluginModule, others: readonly PluginModule[]): Problem | undefined {
  const fault = (message: string): Problem => ({ severity: 'error', code: 'R9', message })
  if (others.some(({ name }) => name === module.name)) {
    return fault(`the socket plugin "${word}" calls itself "${module.name}", as another one does`)
  }
  for (const name of module.directives.keys()) {
    const clash = `the socket plugin "${word}" has a directive "${name}"`
    if (DIRECTIVES.has(name) || FOREIGN.has(name)) return fault(`${clash}, which the language has, too`)
    const other = others.find(({ directives }) => directives.has(name))
    if (other) return fault(`${clash}, which the plugin "${other.name}" has, too`)
  }
  return undefined
}

function withPlugins(parsed: Parsed, known: ReadonlyMap<string, PluginModule>): LoadedConfig {
  const modules = byName(known)
  const made = parsed.plugins.map((order) =>
    callPlugin(order.name, 'was started', () => (modules.get(order.name) as PluginModule).create(order)),
  )
  const socketPlugins = made.flatMap((called) => ('value' in called ? [called.value] : []))
  const issues = made.flatMap((called) => ('problem' in called ? [issueOf(called.problem)] : []))
  if (issues.length === 0) return { ...parsed, socketPlugins }
  const { config: _, ...rest } = parsed
  return { ...rest, issues: [...parsed.issues, ...issues], socketPlugins }
}

const NOWHERE: Place = { file: 'configuration', line: 0, column: 0, length: 0 }
const issueOf = (problem: Problem): Issue => ({ ...NOWHERE, ...problem })
