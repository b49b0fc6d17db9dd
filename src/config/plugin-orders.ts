/**
 * What a configuration says to socket plugins (R9): which it loads, and their own directives. Each was registered as
 * data; no code of a plugin runs here.
 */
import type { PluginLine, PluginManifest, PluginOrders } from '../plugins/plugin.ts'
import { valuesOf } from './directives.ts'
import type { IssueList, Place } from './issue.ts'
import type { Entry, Value } from './source.ts'

/** A directive of a plugin, where it stands. */
export interface PluginEntry {
  readonly plugin: string
  readonly entry: Entry
  readonly block: number | null
}

export interface PluginEntries {
  /** `socket-plugin NAME ...` */
  readonly loads: readonly Entry[]
  readonly directives: readonly PluginEntry[]
}

type Manifests = ReadonlyMap<string, PluginManifest>

/** In the order in which they are loaded; of one that is loaded twice the last time counts. */
export function ordersOf(
  { loads, directives }: PluginEntries,
  known: Manifests,
  issues: IssueList,
): readonly PluginOrders[] {
  const orders = new Map<string, PluginOrders>()
  for (const { at, values } of loads) {
    const [name, ...words] = values as [Value, ...Value[]]
    const manifest = manifestOf(name, known, issues)
    if (!manifest || !takes(manifest, words, name.at, issues)) continue
    if (orders.delete(manifest.name)) {
      const message = `the plugin "${manifest.name}" was loaded before; this time counts`
      issues.report(at, { severity: 'note', code: 'repeated', message })
    }
    const lines = directives.filter(({ plugin }) => plugin === manifest.name).map(lineOf)
    orders.set(manifest.name, { name: manifest.name, words: words.map(({ text }) => text), directives: lines })
  }
  const loaded = new Set(loads.map(({ values }) => values[0]?.text))
  for (const { plugin, entry } of directives) if (!loaded.has(plugin)) reportUnloaded(plugin, entry, issues)
  return [...orders.values()]
}

function manifestOf({ text, at }: Value, known: Manifests, issues: IssueList): PluginManifest | undefined {
  const manifest = known.get(text)
  if (manifest) return manifest
  const hint = known.size > 0 ? `known: ${[...known.keys()].join(', ')}` : undefined
  issues.report(at, { severity: 'error', code: 'R9', message: `there is no socket plugin "${text}"`, hint })
  return undefined
}

function takes({ name, usage }: PluginManifest, words: readonly Value[], at: Place, issues: IssueList): boolean {
  const { min, max } = valuesOf(usage)
  if (words.length >= min && words.length <= max) return true
  const message = words.length > max ? `more than the plugin "${name}" takes` : `the plugin "${name}" needs more`
  const hint = `socket-plugin ${name} ${usage}`.trimEnd()
  issues.report(words[max]?.at ?? at, { severity: 'error', code: 'arity', message, hint })
  return false
}

function reportUnloaded(plugin: string, { name, at }: Entry, issues: IssueList): void {
  const message = `"${name}" is for the plugin "${plugin}", which is not loaded`
  issues.report(at, { severity: 'error', code: 'R9', message, hint: `add a line: socket-plugin ${plugin}` })
}

const lineOf = ({ entry: { name, values }, block }: PluginEntry): PluginLine => ({
  name,
  words: values.map(({ text }) => text),
  block,
})
