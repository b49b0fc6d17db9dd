/**
 * From entries to scopes: the globals of the file, those of the command line, and each block, `<connection>` of clients
 * and peers, or `<listen>` of servers. Here a name is looked up in the table: what is unknown, out of place, refused or repeated is
 * said here, and what remains has the right number of values.
 */
import {
  DIRECTIVES,
  type Directive,
  type Elsewhere,
  FOR_CLIENTS,
  type ForeignDirective,
  type Whose,
  valuesOf,
} from './directives.ts'
import type { IssueList, Place, Problem } from './issue.ts'
import { nearest } from './nearest.ts'
import { type Role, judgeRole, misplaced, roleOf } from './role.ts'
import type { PluginDirective, PluginManifest } from '../plugins/plugin.ts'
import { type Absence, type PluginEntries, type PluginEntry, isOnlyUnloaded, registeredBy } from './plugin-orders.ts'
import type { Entry, Gathered, Value } from './source.ts'
import { isScope } from './tokens.ts'

/** A directive that was read and has no effect. */
export interface Ignored {
  readonly name: string
  /** What it concerns, or who allowed it. */
  readonly why: string
  readonly at: Place
}

export interface Scope {
  /** The block's tag; globals have none. */
  readonly at?: Place | undefined
  /** By name, the last of each. `server-poll-timeout` is filed as `connect-timeout`. */
  readonly entries: ReadonlyMap<string, Entry>
  /** What is not repeated but listed: `remote`, and the `local` of a server. */
  readonly remotes: readonly Entry[]
  readonly locals: readonly Entry[]
}

export interface Scopes {
  readonly role: Role
  readonly file: Scope
  readonly commandLine: Scope
  readonly blocks: readonly Scope[]
  readonly ignored: readonly Ignored[]
  readonly plugins: PluginEntries
}

export interface ScopeOptions {
  /** Names that may be ignored although they matter, or are unknown. */
  readonly allowIgnored: ReadonlySet<string>
  /** Names that the table does not know. */
  readonly foreign: ReadonlyMap<string, ForeignDirective>
  /** The directives that these register, too. */
  readonly plugins: ReadonlyMap<string, PluginManifest>
  /** What is said of those that are not there. */
  readonly absence: Absence
  readonly allowSocketPlugins: boolean
}

/** `start` is the place of what has no other. */
export function scopesOf({ entries: all }: Gathered, options: ScopeOptions, issues: IssueList, start: Place): Scopes {
  const entries = all.map((entry) => unwrapped(entry, options))
  const role = roleOf(entries)
  const sorter = new Sorter(role, options, issues)
  // Wherever it stands: a file is read as a whole.
  for (const { name, values } of entries)
    if (name === 'ignore-unknown-option') for (const { text } of values) sorter.unknowns.add(text)
  for (const { name, values } of entries)
    if (name === 'socket-plugin') sorter.unloaded.push(...values.slice(0, 1).filter(isOnlyUnloaded(options)))
  sorter.sort(entries)
  judgeRole(role, entries, issues, start)
  // Where lines were lost, the one may be among them that says whose it is.
  if (role.entry || !issues.lostLines)
    for (const { entry, whose, hint } of sorter.misplaced) issues.report(entry.at, misplaced(entry, whose, role, hint))
  return {
    role,
    file: sorter.file,
    commandLine: sorter.commandLine,
    blocks: sorter.blocks,
    ignored: [...sorter.ignored.values()],
    plugins: sorter.plugins,
  }
}

interface Misplaced {
  readonly entry: Entry
  readonly whose: Whose
  readonly hint: string | undefined
}

interface OpenScope extends Scope {
  readonly entries: Map<string, Entry>
  readonly remotes: Entry[]
  readonly locals: Entry[]
}
const newScope = (at?: Place): OpenScope => ({ at, entries: new Map(), remotes: [], locals: [] })

const NO_NAME = 'names are in small letters; where this is none, a line above may be cut in two'

const SYNONYMS: Readonly<Record<string, string>> = { 'server-poll-timeout': 'connect-timeout' }

class Sorter {
  readonly file = newScope()
  readonly commandLine = newScope()
  readonly blocks: OpenScope[] = []
  /** Each name once: the first place is enough to find it. */
  readonly ignored = new Map<string, Ignored>()
  readonly unknowns = new Set<string>()
  /** Plugins that may know what nobody knows here. */
  readonly unloaded: Value[] = []
  readonly misplaced: Misplaced[] = []
  readonly plugins = { loads: [] as Entry[], directives: [] as PluginEntry[] }
  readonly #role: Role
  readonly #options: ScopeOptions
  readonly #issues: IssueList

  constructor(role: Role, options: ScopeOptions, issues: IssueList) {
    this.#role = role
    this.#options = options
    this.#issues = issues
  }

  sort(entries: readonly Entry[]): void {
    for (const entry of entries) {
      if (this.#issues.isFull) return
      if (entry.entries) this.#block(entry, entry.entries)
      else this.#entry(entry, entry.origin === 'file' ? this.file : this.commandLine)
    }
  }

  #block(tag: Entry, entries: readonly Entry[]): void {
    const isServers = this.#role.whose === 'server'
    if ((tag.name === 'listen') !== isServers) {
      const hint = isServers ? 'the blocks of a server are <listen> blocks' : undefined
      this.misplaced.push({ entry: tag, whose: isServers ? 'client' : 'server', hint })
      return
    }
    const scope = newScope(tag.at)
    this.blocks.push(scope)
    for (const entry of entries) {
      if (this.#issues.isFull) return
      this.#entry(entry, scope)
    }
  }

  #entry(entry: Entry, scope: OpenScope): void {
    const directive = directiveOf(entry.name, this.#options)
    if (!directive) return this.#unknown(entry)
    if (directive.kind === 'refused') {
      const message = `"${entry.name}" is not honoured: ${directive.why}`
      return this.#refuse(entry, { code: 'refused', message })
    }
    if (entry.name === 'socket-plugin' && !this.#mayLoad(entry)) return
    const only = directive.kind === 'used' ? directive.only : undefined
    const elsewhere = only?.elsewhere[this.#role.whose]
    if (only && elsewhere) return this.#elsewhere(entry, only.whose[0], elsewhere)
    if (scope.at && !directive.inBlock) {
      const block = this.#role.whose === 'server' ? '<listen>' : '<connection>'
      const message = `"${entry.name}" cannot stand in a ${block} block`
      return this.#error(entry.at, 'scope', message, 'write it outside of the block; it is then true for all')
    }
    if (directive.kind === 'ignored') return this.#ignore(entry, directive.why)
    if (!this.#fits(entry, directive)) return
    if (!directive.registered) return this.#file(entry, scope)
    this.plugins.directives.push({ ...directive.registered, entry, block: scope.at ? this.blocks.length - 1 : null })
  }

  #elsewhere(entry: Entry, whose: Whose, elsewhere: Elsewhere): void {
    if (elsewhere.kind === 'ignored') return this.#ignore(entry, elsewhere.why)
    if (elsewhere.kind === 'misplaced') {
      this.misplaced.push({ entry, whose, hint: elsewhere.hint })
      return
    }
    const message = `"${entry.name}" has no effect: it is for ${whose}s, and this is a ${this.#role.whose}'s configuration`
    this.#issues.report(entry.at, { severity: 'warning', code: 'mode', message })
  }

  #file(entry: Entry, scope: OpenScope): void {
    if (entry.name === 'ignore-unknown-option') return
    const list = this.#listFor(entry.name, scope)
    if (list) {
      list.push(entry)
      return
    }
    const name = SYNONYMS[entry.name] ?? entry.name
    const earlier = scope.entries.get(name)
    const whole = earlier && joined(earlier, entry)
    if (whole) {
      scope.entries.set(name, whole)
      return
    }
    if (earlier && !(earlier.values.length === 0 && entry.values.length === 0 && earlier.body === undefined)) {
      const message = `"${entry.name}" was given before${whereIs(earlier.at, entry.at)}; this one counts`
      this.#issues.report(entry.at, { severity: 'note', code: 'repeated', message })
    }
    scope.entries.set(name, entry)
  }

  #listFor(name: string, scope: OpenScope): Entry[] | undefined {
    if (name === 'socket-plugin') return this.plugins.loads
    if (name === 'remote') return scope.remotes
    return name === 'local' && this.#role.whose === 'server' ? scope.locals : undefined
  }

  #fits(entry: Entry, { usage }: Directive & { kind: 'used' }): boolean {
    const { name, values, at } = entry
    const { min, max } = valuesOf(usage)
    const count = entry.body === undefined ? values.length : 1
    const takesFile = usage.startsWith('file')
    if (entry.body !== undefined && !(takesFile && name !== 'config')) {
      this.#error(at, 'syntax', `<${name}> is no block`, `write it on one line: ${name} ${usage}`.trimEnd())
      return false
    }
    if (count >= min && count <= max) return true
    const extra = values[max]
    const most = min < max && max > 1 ? `at most ${max} values` : counted(max)
    const wanted = count > max ? `"${name}" takes ${most}` : `"${name}" needs ${counted(min)}`
    this.#error(extra?.at ?? at, 'arity', wanted, usage === '' ? undefined : `${name} ${usage}`)
    return false
  }

  #mayLoad(entry: Entry): boolean {
    if (entry.origin === 'command line' || this.#options.allowSocketPlugins) return true
    const hint = 'it would run code; --allow-socket-plugins says that you trust the file'
    this.#refuse(entry, { code: 'R9', message: 'a file may not load socket plugins', hint })
    return false
  }

  #unknown(entry: Entry): void {
    const { name } = entry
    if (this.unknowns.has(name)) return this.#ignore(entry, '"ignore-unknown-option" names it')
    if (!/^[A-Za-z][\w-]{0,39}$/.test(name)) {
      return this.#refuse(entry, { code: 'unknown', message: 'this is no directive', hint: noNameHint(entry) })
    }
    if (isScope(name)) {
      const message = `there is no directive "${name}"`
      return this.#refuse(entry, { code: 'unknown', message, hint: `a block opens with <${name}>` })
    }
    const { foreign, plugins } = this.#options
    const near = misspelt(entry, [...DIRECTIVES.keys(), ...foreign.keys(), ...registeredBy(plugins)])
    const isNamed = near !== undefined || entry.origin === 'command line'
    const named = isNamed ? { ...entry, at: { ...entry.at, excerpt: firstWordOf(entry) } } : entry
    const message = isNamed ? `there is no directive "${name}"` : 'this is no directive'
    const hint = near === undefined ? undefined : `did you mean "${near}"?`
    const [plugin] = this.unloaded
    if (!plugin) return this.#refuse(named, { code: 'unknown', message, hint: hint ?? (isNamed ? undefined : NO_NAME) })
    const whose = `${message} here; the plugin "${plugin.text}", which is not loaded, may have it`
    this.#issues.report(named.at, { severity: 'warning', code: 'R9', message: whose, hint })
  }

  #refuse(entry: Entry, problem: Omit<Problem, 'severity'>): void {
    if (this.#options.allowIgnored.has(entry.name)) return this.#ignore(entry, 'you allowed it')
    const canBeAllowed = problem.code === 'refused' || problem.code === 'R9'
    const hint = problem.hint ?? (canBeAllowed ? `--allow-ignored ${entry.name} reads on without it` : undefined)
    this.#issues.report(entry.at, { severity: 'error', ...problem, hint })
  }

  #ignore({ name, at }: Entry, why: string): void {
    if (!this.ignored.has(name)) this.ignored.set(name, { name, why, at })
  }

  #error(at: Place, code: string, message: string, hint?: string): void {
    this.#issues.report(at, { severity: 'error', code, message, hint })
  }
}

function directiveOf(name: string, { foreign, plugins }: ScopeOptions): Directive | undefined {
  const known = DIRECTIVES.get(name) ?? foreign.get(name)
  if (known) return known
  for (const { name: plugin, directives } of plugins.values()) {
    const registered = directives.get(name)
    if (registered) return usedBy(plugin, registered)
  }
  return undefined
}

function usedBy(plugin: string, { usage, inBlock, makes }: PluginDirective): Directive {
  return { kind: 'used', usage, inBlock, only: makes && FOR_CLIENTS, registered: { plugin, makes } }
}

// OpenVPN: what follows `setenv opt` is a directive that older versions may not know.
function unwrapped(entry: Entry, options: ScopeOptions): Entry {
  const [opt, name, ...values] = entry.values
  if (entry.name !== 'setenv' || opt?.text !== 'opt' || !name || !directiveOf(name.text, options)) return entry
  return { ...entry, name: name.text, at: name.at, values }
}

/**
 * The directive that was meant. A word is only repeated where one was: it may also be a password, whose block did not
 * open or whose line was broken. Names have small letters, and few of them digits.
 */
function misspelt({ name, values }: Entry, names: readonly string[]): string | undefined {
  if (/[A-Z]/.test(name) || (values.length === 0 && name.length < 5)) return undefined
  const near = nearest(name, names)
  const digitsOf = (word: string) => word.replace(/\D/g, '')
  if (near === undefined || digitsOf(near) !== digitsOf(name)) return undefined
  return values.length > 0 || near.includes('-') || standsAlone(near) ? near : undefined
}

function standsAlone(name: string): boolean {
  const directive = DIRECTIVES.get(name)
  return directive?.kind === 'used' && valuesOf(directive.usage).min === 0
}

function noNameHint({ name, origin }: Entry): string {
  if (origin === 'command line') return 'a value is a word of its own: --name value'
  return name.startsWith('<') ? 'a block opens with <name> alone on its line' : NO_NAME
}

/** As it stands in its line. */
function firstWordOf({ name, at: { column, length }, values }: Entry): string {
  const written = name.length + 2 === length ? `--${name}` : name
  return `${' '.repeat(column - 1)}${written}${values.length > 0 ? ' …' : ''}`
}

const counted = (n: number) => (n === 0 ? 'no value' : n === 1 ? 'one value' : `${n} values`)

/** OpenVPN 2.3 wrote `tls-auth [inline] 1` beside the block with the key: two halves of one directive. */
function joined(a: Entry, b: Entry): Entry | undefined {
  const isMark = ({ values: [value] }: Entry) => value?.text === '[inline]'
  if (a.body !== undefined && isMark(b)) return { ...a, values: b.values }
  if (b.body !== undefined && a.body === undefined && isMark(a)) return { ...b, values: a.values }
  return undefined
}

function whereIs(there: Place, here: Place): string {
  if (there.file !== here.file) return ` in ${there.file}`
  return there.line > 0 ? ` on line ${there.line}` : ''
}
