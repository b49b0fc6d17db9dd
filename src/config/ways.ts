/**
 * The ways to the remotes (R9): from the lines of plugins to the hops of each scope. What a line means is its plugin's to
 * say; here is said which lines count, and to which hop an option belongs. A login must never get to another hop than
 * its own, so what is not plain is an error.
 */
import type { Desk, HopLine, HopMaker, HopOption, PluginModule, PluginOrders } from '../plugins/plugin.ts'
import { callPlugin } from './call-plugin.ts'
import type { HopMakers } from './hop-conflicts.ts'
import type { IssueList, Place, Problem } from './issue.ts'
import type { Keys } from './keys.ts'
import type { PluginEntry } from './plugin-orders.ts'
import { type HopConfig, MAX_HOPS } from './schema.ts'

export interface WrittenHop {
  readonly hop: HopConfig
  /** Its line. */
  readonly at: Place
  /** Its host, if it is a word of that. */
  readonly hostAt: Place
}

/** Index of a block, or which globals. */
type ScopeName = number | 'command line' | 'file'

/** The line of a hop, and what adds to it: what counts more comes later. */
interface Draft {
  readonly plugin: string
  readonly line: HopLine
  readonly scope: ScopeName
  readonly options: HopOption[]
}

export class Ways {
  readonly #modules: ReadonlyMap<string, PluginModule>
  readonly #keys: Keys
  readonly #issues: IssueList
  readonly #drafts: Draft[] = []
  readonly #read = new Map<Draft, HopConfig | undefined>()
  /** Of each option, by its place, the first hop that got it. */
  readonly #owners = new Map<Place, HopConfig>()

  /** `modules` by the names of the plugins. */
  constructor(
    entries: readonly PluginEntry[],
    modules: ReadonlyMap<string, PluginModule>,
    keys: Keys,
    issues: IssueList,
  ) {
    this.#modules = modules
    this.#keys = keys
    this.#issues = issues
    const lines = entries.filter(({ makes }) => makes === 'hop')
    for (const { plugin, entry, ...where } of lines)
      this.#drafts.push({ plugin, line: entry, scope: scopeOf({ entry, ...where }), options: [] })
    const options = entries.filter(({ makes }) => makes === 'option')
    for (const option of options.toSorted((a, b) => nearnessOf(a) - nearnessOf(b))) this.#attach(option, entries)
  }

  /** Nearest first. The nearest scope that has any hop counts whole. `undefined`: one cannot be read, which was said. */
  to(block: number | null): readonly WrittenHop[] | undefined {
    const scopes: readonly ScopeName[] = [...(block === null ? [] : [block]), 'command line', 'file']
    const chain = scopes.map((scope) => this.#in(scope)).find((drafts) => drafts.length > 0) ?? []
    const surplus = chain[MAX_HOPS]
    if (surplus) this.#error(surplus.line.at, `a way has at most ${MAX_HOPS} hops`)
    const way = chain.slice(0, MAX_HOPS).flatMap((draft) => {
      const hop = this.#hopOf(draft)
      return hop ? [written(hop, draft.line)] : []
    })
    return way.length === chain.length ? way : undefined
  }

  /** Who judges the hops. Nothing is opened for that. */
  makers(orders: readonly PluginOrders[]): HopMakers {
    const makers = new Map<string, HopMaker>()
    for (const [plugin, { line }] of new Map(this.#drafts.toReversed().map((draft) => [draft.plugin, draft]))) {
      const order = orders.find(({ name }) => name === plugin) ?? { name: plugin, words: [], directives: [] }
      const called = callPlugin(plugin, 'was started', () => this.#modules.get(plugin)?.create(order).hops)
      if ('problem' in called) this.#issues.report(line.at, called.problem)
      else if (called.value) makers.set(plugin, called.value)
    }
    return makers
  }

  #in(scope: ScopeName): readonly Draft[] {
    return this.#drafts.filter((draft) => draft.scope === scope)
  }

  // --- to which hop an option belongs ---

  #attach(option: PluginEntry, entries: readonly PluginEntry[]): void {
    const scope = scopeOf(option)
    const drafts = this.#drafts.filter(({ plugin }) => plugin === option.plugin)
    const here = drafts.filter((draft) => draft.scope === scope)
    const above = new Set<HopLine>(entries.slice(0, entries.indexOf(option)).map(({ entry }) => entry))
    const nearest = here.findLast(({ line }) => above.has(line))
    if (nearest) give(nearest, option, 'below')
    else if (here.length > 0) this.#toTheOnly(option, here)
    else this.#toOthers(option, drafts)
  }

  #toTheOnly(option: PluginEntry, [first, ...more]: readonly Draft[]): void {
    if (first && more.length === 0) return give(first, option, 'above')
    const { entry } = option
    const message = `"${entry.name}" stands above ${more.length + 1} hops: it does not say to which it belongs`
    this.#error(entry.at, message, 'write it below the line of its hop')
  }

  /** Nothing in its own scope: what is global may be meant for a hop of the blocks, or of the command line. */
  #toOthers(option: PluginEntry, drafts: readonly Draft[]): void {
    const { name, at } = option.entry
    const lines = this.#linesOf(option.plugin)
    if (drafts.length === 0) return this.#error(at, `"${name}" without ${lines}: it belongs to a hop`)
    // The command line comes after the file, and before the blocks.
    if (option.block === null)
      for (const draft of drafts) give(draft, option, draft.scope === 'file' ? 'below' : 'inherited')
    else this.#error(at, `"${name}" without ${lines} in its block`, 'repeat the line of the hop above it')
  }

  #linesOf(plugin: string): string {
    const { directives } = this.#modules.get(plugin) as PluginModule
    return [...directives].flatMap(([name, { makes }]) => (makes === 'hop' ? [`"${name}"`] : [])).join(' or ')
  }

  // --- what its plugin reads ---

  #hopOf(draft: Draft): HopConfig | undefined {
    if (!this.#read.has(draft)) this.#read.set(draft, this.#readHop(draft))
    return this.#read.get(draft)
  }

  #readHop({ plugin, line, options }: Draft): HopConfig | undefined {
    const { hopLines } = this.#modules.get(plugin) as PluginModule
    const desk = new HopDesk(this.#keys, this.#issues)
    const called = callPlugin(plugin, 'read this line', () => hopLines?.read(line, options, desk))
    const hop = 'value' in called ? called.value : undefined
    if ('problem' in called) this.#issues.report(line.at, called.problem)
    else if (!hop && !desk.hasErrors) this.#error(line.at, `the plugin "${plugin}" made no hop of this line`)
    if (hop) for (const option of options) this.#judgeOwner(option, hop)
    return hop
  }

  #judgeOwner(option: HopOption, hop: HopConfig): void {
    const owner = this.#owners.get(option.at) ?? hop
    this.#owners.set(option.at, owner)
    if (owner.host === hop.host && owner.port === hop.port) return
    const message = `"${option.name}" would be for ${placeOf(owner)} and for ${placeOf(hop)}`
    this.#error(option.at, message, 'write it below the line of its hop')
  }

  #error(at: Place, message: string, hint?: string): void {
    this.#issues.report(at, { severity: 'error', code: 'R9', message, hint })
  }
}

/** For the lines of one hop. */
class HopDesk implements Desk {
  hasErrors = false
  readonly #keys: Keys
  readonly #issues: IssueList

  constructor(keys: Keys, issues: IssueList) {
    this.#keys = keys
    this.#issues = issues
  }

  // A plugin may take them off the desk.
  readonly report = (at: Place, problem: Problem): void => {
    this.hasErrors ||= problem.severity === 'error'
    this.#issues.report(at, problem)
  }

  readonly keep = (secret: Uint8Array): string => this.#keys.vault.add(secret)

  readonly read: Desk['read'] = (file) => {
    const source = this.#keys.read(file)
    if (!('problem' in source)) return source.text
    this.report(file.at, { severity: 'error', code: 'R9', message: `cannot read this file: ${source.problem}` })
    return undefined
  }

  readonly inlined: Desk['inlined'] = (value) => this.#keys.inlined(value)
}

const written = (hop: HopConfig, { at, values }: HopLine): WrittenHop => ({
  hop,
  at,
  hostAt: values.find(({ text }) => text === hop.host || text === `[${hop.host}]`)?.at ?? at,
})

/** What is nearer to a hop counts more, wherever it stands in the text. */
const nearnessOf = (option: PluginEntry): number => {
  const scope = scopeOf(option)
  return scope === 'file' ? 0 : scope === 'command line' ? 1 : 2
}

function give({ options }: Draft, { entry }: PluginEntry, stands: HopOption['stands']): void {
  options.push({ ...entry, stands })
}

const scopeOf = ({ block, entry: { origin } }: Pick<PluginEntry, 'block' | 'entry'>): ScopeName => block ?? origin

const placeOf = ({ host, port }: HopConfig) => `${host} port ${port}`
