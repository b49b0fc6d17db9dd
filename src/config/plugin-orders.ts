/**
 * What a configuration says to socket plugins (R9): which it loads, and their own directives. Those that make hops are
 * none of this, but of `ways.ts`. One is loaded by its name, or, if it is known, by a directive of its own.
 */
import type { PluginDirective, PluginLine, PluginManifest, PluginModule, PluginOrders } from '../plugins/plugin.ts'
import { valuesOf } from './directives.ts'
import type { IssueList, Place, Problem } from './issue.ts'
import type { Entry, Value } from './source.ts'

/** A directive of a plugin, where it stands. */
export interface PluginEntry {
  readonly plugin: string
  readonly makes: PluginDirective['makes']
  readonly entry: Entry
  readonly block: number | null
}

export interface PluginEntries {
  /** `socket-plugin NAME ...` */
  readonly loads: readonly Entry[]
  readonly directives: readonly PluginEntry[]
}

/** What is wrong when this plugin is to be loaded, which nobody knows. */
export type Absence = (name: Value) => Problem | undefined

export interface KnownPlugins<Known = PluginModule> {
  readonly plugins: ReadonlyMap<string, Known>
  readonly absence: Absence
}

/** Not known, and that is no error: it may know directives that nobody knows here. */
export const isOnlyUnloaded =
  ({ plugins, absence }: KnownPlugins<unknown>) =>
  (name: Value): boolean =>
    !plugins.has(name.text) && absence(name)?.severity === 'warning'

export const unknownIn = ({ loads }: PluginEntries, plugins: ReadonlyMap<string, unknown>): readonly Value[] =>
  loads.flatMap(({ values }) => values.slice(0, 1)).filter(({ text }) => !plugins.has(text))

/** In the order in which they are loaded; of one that is loaded twice the last time counts. */
export function ordersOf(
  { loads, directives }: PluginEntries,
  known: KnownPlugins,
  issues: IssueList,
): readonly PluginOrders[] {
  const orders = new Map<string, PluginOrders>()
  const load = (module: PluginManifest, words: readonly Value[], at: Place): void => {
    if (!takes(module, words, at, issues)) return
    const lines = directives.filter(({ plugin, makes }) => plugin === module.name && !makes).map(lineOf)
    orders.set(module.name, { name: module.name, words: words.map(({ text }) => text), directives: lines })
  }
  for (const { at, values } of loads) {
    const [name, ...words] = values as [Value, ...Value[]]
    const module = moduleOf(name, known, issues)
    if (!module) continue
    if (orders.delete(module.name)) {
      const message = `the plugin "${module.name}" was loaded before; this time counts`
      issues.report(at, { severity: 'note', code: 'repeated', message })
    }
    load(module, words, name.at)
  }
  const named = new Set(loads.flatMap(({ values: [name] }) => known.plugins.get(name?.text ?? '')?.name ?? []))
  const byName = new Map([...known.plugins.values()].map((module) => [module.name, module]))
  for (const { plugin, entry } of directives) {
    if (!named.has(plugin)) load(byName.get(plugin) as PluginModule, [], entry.at)
    named.add(plugin)
  }
  return [...orders.values()]
}

function moduleOf(name: Value, { plugins, absence }: KnownPlugins, issues: IssueList): PluginModule | undefined {
  const module = plugins.get(name.text)
  if (!module) issues.report(name.at, absence(name) ?? noneOf(name, plugins))
  return module
}

function noneOf({ text }: Value, plugins: KnownPlugins['plugins']): Problem {
  const hint = plugins.size > 0 ? `known: ${[...plugins.keys()].join(', ')}` : undefined
  return { severity: 'error', code: 'R9', message: `there is no socket plugin "${text}"`, hint }
}

function takes({ name, usage }: PluginManifest, words: readonly Value[], at: Place, issues: IssueList): boolean {
  const { min, max } = valuesOf(usage)
  if (words.length >= min && words.length <= max) return true
  const message = words.length > max ? `more than the plugin "${name}" takes` : `the plugin "${name}" needs more`
  const hint = `socket-plugin ${name} ${usage}`.trimEnd()
  issues.report(words[max]?.at ?? at, { severity: 'error', code: 'arity', message, hint })
  return false
}

const lineOf = ({ entry: { name, values }, block }: PluginEntry): PluginLine => ({
  name,
  words: values.map(({ text }) => text),
  block,
})
