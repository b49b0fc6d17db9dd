/** The issues of a configuration, for a person or for a program. */
import type { Issue } from '../../config/issue.ts'
import { type Ink, renderIssue } from '../../config/render.ts'
import { type Screen, tellProgram, widthOf } from './io.ts'
import type { Paint, Style } from './paint.ts'

const INKS: Readonly<Record<Ink, Style | undefined>> = {
  place: 'bold',
  error: 'red',
  warning: 'yellow',
  note: 'cyan',
  source: undefined,
  caret: 'green',
  hint: 'cyan',
}

/** The widest excerpt on paper. */
const MAX_EXCERPT = 120

/** One text for each, of several lines. */
export function issueTexts(issues: readonly Issue[], screen: Screen, paint: Paint): string[] {
  const width = Math.min(widthOf(screen), MAX_EXCERPT)
  const ink = (ink: Ink, text: string) => (INKS[ink] ? paint(INKS[ink], text) : text)
  return issues.map((issue) => renderIssue(issue, { width, paint: ink }))
}

export function showIssues(issues: readonly Issue[], screen: Screen, paint: Paint): void {
  for (const text of issueTexts(issues, screen, paint)) screen.write(`${text}\n`)
}

/**
 * One line each: `{ "type": "issue", "at"?, "severity", "code", "message", "hint"?, "file", "line", "column", "length" }`.
 * `at`: ms, where other lines have it.
 */
export function tellIssues(issues: readonly Issue[], screen: Screen, at?: number): void {
  const when = at === undefined ? {} : { at }
  for (const { excerpt: _, ...issue } of issues) tellProgram(screen, { type: 'issue', ...when, ...issue })
}

/** `2 errors, 1 warning`; empty when there is nothing. */
export function countIssues(issues: readonly Issue[]): string {
  return (['error', 'warning', 'note'] as const)
    .map((severity) => [severity, issues.filter((issue) => issue.severity === severity).length] as const)
    .filter(([, count]) => count > 0)
    .map(([severity, count]) => `${count} ${severity}${count === 1 ? '' : 's'}`)
    .join(', ')
}
