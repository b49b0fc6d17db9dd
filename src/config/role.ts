/**
 * Whose configuration it is: a client's, a server's, or, when nothing says so, a peer's. Decided before a directive is
 * judged: what many of them mean depends on it.
 */
import type { Whose } from './directives.ts'
import type { IssueList, Place, Problem } from './issue.ts'
import type { Entry } from './source.ts'

/** `entry`: what made it that. A peer's may be what nothing made another's. */
export type Role =
  | { readonly whose: 'client' | 'server'; readonly entry: Entry }
  | { readonly whose: 'peer'; readonly entry: Entry | undefined }

const MODES: ReadonlySet<string> = new Set(['client', 'server', 'p2p'])

/** Says nothing yet: a directive that nobody could read may be missing. */
export function roleOf(entries: readonly Entry[]): Role {
  const find = finder(entries)
  const mode = find('mode')
  const word = wordOf(mode)
  const client = find('client') ?? (word === 'client' ? mode : find('pull') && find('tls-client'))
  if (client) return { whose: 'client', entry: client }
  const server =
    find('server') ?? find('server-ipv6') ?? find('server-bridge') ?? (word === 'server' ? mode : undefined)
  return server ? { whose: 'server', entry: server } : { whose: 'peer', entry: word === 'p2p' ? mode : undefined }
}

/** What is wrong about the role itself. `start` is the place of what has no other. */
export function judgeRole(role: Role, entries: readonly Entry[], issues: IssueList, start: Place): void {
  const mode = finder(entries)('mode')
  const [word] = mode?.values ?? []
  if (word && !MODES.has(word.text)) {
    error(issues, word.at, 'value', `expected client, server or p2p, not "${word.text}"`)
  } else if (mode && word?.text === 'server' && role.whose === 'client') {
    issues.report(mode.at, misplaced(mode, 'server', role))
  } else if (entries.length === 0 && !issues.lostLines) {
    error(
      issues,
      start,
      'mode',
      'there is nothing in this configuration',
      'begin with: client, mode server or mode p2p',
    )
  }
}

/** A directive, or a block, in the configuration of another. */
export function misplaced(entry: Entry, whose: Whose, role: Role, hint?: string): Problem {
  const code = entry.name === 'listen' ? 'R8' : 'mode'
  const isFor = `${shown(entry)} is for ${whose}s, and`
  if (role.entry) {
    const message = `${isFor} this is a ${role.whose}'s configuration`
    return { severity: 'error', code, message, hint: hint ?? `remove it, or ${shown(role.entry)}` }
  }
  const word = whose === 'server' ? 'mode server' : 'client'
  const message = `${isFor} without "${word}" this is a peer's configuration`
  return { severity: 'error', code, message, hint: `add a line: ${word}` }
}

const finder = (entries: readonly Entry[]) => (name: string) => entries.findLast((entry) => entry.name === name)

const wordOf = (mode: Entry | undefined) => mode?.values[0]?.text

function shown(entry: Entry): string {
  if (entry.entries) return `<${entry.name}>`
  return entry.name === 'mode' ? `"mode ${wordOf(entry)}"` : `"${entry.name}"`
}

function error(issues: IssueList, at: Place, code: string, message: string, hint?: string): void {
  issues.report(at, { severity: 'error', code, message, hint })
}
