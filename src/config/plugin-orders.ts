/**
 * What a configuration says to socket plugins (R9): which it loads, and their own directives. Those that make hops are
 * none of this, but of `ways.ts`. One is loaded by its name, or, if it is known, by a directive of its own.
 */
import type { PluginDirective, PluginLine, PluginManifest, PluginModule, PluginOrders } from '../plugins/plugin.ts'
import { type Whose, valuesOf } from './directives.ts'
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

/** The names of their directives. */
export const registeredBy = (plugins: ReadonlyMap<string, PluginManifest>): readonly string[] =>
  [...plugins.values()].flatMap(({ directives }) => [...directives.keys()])

export const unknownIn = ({ loads }: PluginEntries, plugins: ReadonlyMap<string, unknown>): readonly Value[] =>
  loads.flatMap(({ values }) => values.slice(0, 1)).filter(({ text }) => !plugins.has(text))

/** In the order in which they are loaded; of one that is loaded twice the last time counts. */
export function ordersOf(
  { loads, directives }: PluginEntries,
  known: KnownPlugins,
  whose: Whose,
  issues: IssueList,
): readonly PluginOrders[] {
  const loaded = new Map<string, Load>()
  for (const { at, values } of loads) {
    const [name, ...words] = values as [Value, ...Value[]]
    const module = moduleOf(name, known, issues)
    if (!module) continue
    if (loaded.delete(module.name)) {
      const message = `the plugin "${module.name}" was loaded before; this time counts`
      issues.report(at, { severity: 'note', code: 'repeated', message })
    }
    if (whose === 'client' && !module.hopLines) {
      const message = `the plugin "${module.name}" has no effect: it makes no hops, and this is a client's configuration`
      issues.report(at, { severity: 'warning', code: 'mode', message })
    }
    loaded.set(module.name, { module, words, at: name.at })
  }
  for (const [name, module] of byName(known.plugins)) {
    const own = directives.find(({ plugin }) => plugin === name)
    if (own && !loaded.has(name)) loaded.set(name, { module, words: [], at: own.entry.at })
  }
  return [...loaded.values()]
    .filter((load) => takes(load, issues))
    .map(({ module: { name }, words }) => {
      const lines = directives.filter(({ plugin, makes }) => plugin === name && !makes).map(lineOf)
      return { name, words: words.map(({ text }) => text), directives: lines }
    })
}

/** One plugin may be known by several words. */
export const byName = (plugins: KnownPlugins['plugins']): ReadonlyMap<string, PluginModule> =>
  new Map([...plugins.values()].map((module) => [module.name, module]))

interface Load {
  readonly module: PluginModule
  readonly words: readonly Value[]
  readonly at: Place
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

function takes({ module: { name, usage }, words, at }: Load, issues: IssueList): boolean {
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
