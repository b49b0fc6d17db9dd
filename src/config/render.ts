/**
 * Issues as a compiler shows them: place, what is wrong, the line with a caret under the spot, a hint.
 *
 *     client.ovpn:7:8: error[R1]: 2001:db8::1 is no ipv4 address, but ipv4 is forced
 *       remote 2001:db8::1 443 tcp
 *              ^~~~~~~~~~~
 *     hint: ...
 *
 * Knows no terminal: colours come from `paint`. What somebody else wrote is made printable, character by character, so
 * that the caret stays where it belongs and no text can play with the terminal.
 */
import type { Issue } from './issue.ts'

/** The parts that may be coloured. */
export type Ink = 'place' | 'error' | 'warning' | 'note' | 'source' | 'caret' | 'hint'

export interface RenderOptions {
  /** Columns of the excerpt, 80 by default; longer lines are cut around the caret. Sentences are not broken. */
  readonly width?: number | undefined
  readonly paint?: ((ink: Ink, text: string) => string) | undefined
}

const INDENT = '  '

/** One issue, without a line break at its end. */
export function renderIssue(issue: Issue, { width = 80, paint = (_, text) => text }: RenderOptions = {}): string {
  const { severity, code, message, hint } = issue
  const head = `${paint('place', `${printed(placeOf(issue))}:`)} ${paint(severity, `${severity}[${code}]:`)} ${printed(message)}`
  const excerpt = excerptOf(issue, Math.max(20, width - INDENT.length))
  return [
    head,
    ...(excerpt
      ? [INDENT + paint('source', excerpt.source), INDENT + excerpt.indent + paint('caret', excerpt.caret)]
      : []),
    ...(hint === undefined ? [] : [paint('hint', `hint: ${printed(hint)}`)]),
  ].join('\n')
}

/** All issues, and a line that counts them. */
export function renderIssues(issues: readonly Issue[], options: RenderOptions = {}): string {
  const count = (severity: Issue['severity']) => {
    const n = issues.filter((issue) => issue.severity === severity).length
    return n === 0 ? [] : [`${n} ${severity}${n === 1 ? '' : 's'}`]
  }
  const summary = [...count('error'), ...count('warning'), ...count('note')].join(', ')
  return [...issues.map((issue) => renderIssue(issue, options)), ...(summary === '' ? [] : [summary])].join('\n')
}

function placeOf({ file, line, column, path }: Issue): string {
  if (path !== undefined) return path === '' ? file : path
  return line === 0 ? file : `${file}:${line}:${column}`
}

interface Excerpt {
  readonly source: string
  readonly indent: string
  readonly caret: string
}

function excerptOf({ excerpt, column, length }: Issue, width: number): Excerpt | undefined {
  if (excerpt === undefined || excerpt.trim() === '' || column === 0) return undefined
  const line = printed(excerpt)
  const at = Math.min(column - 1, line.length)
  // A third of the width stands before the caret when the line has to be cut.
  const from = line.length <= width ? 0 : Math.max(0, Math.min(at - Math.floor(width / 3), line.length - width))
  const to = Math.min(line.length, from + width)
  const source = `${from > 0 ? '…' : ''}${line.slice(from > 0 ? from + 1 : 0, to < line.length ? to - 1 : to)}${to < line.length ? '…' : ''}`
  const span = Math.max(1, Math.min(length, to - at))
  return { source, indent: blankAs(line.slice(from, at)), caret: `^${'~'.repeat(span - 1)}` }
}

// As many blanks as the text has columns: East Asian letters take two (a pair of UTF-16 units does so anyway).
const blankAs = (text: string) =>
  text.replace(/[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\uff00-\uff60]/g, '  ').replace(/[^ ]/g, ' ')

// Tabs, control characters, marks that turn the writing around: one visible character each.
const printed = (text: string) =>
  text.replace(/\t/g, ' ').replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}\p{M}]/gu, '\u{FFFD}')
