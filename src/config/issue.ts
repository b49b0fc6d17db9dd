/**
 * What is wrong, or worth knowing, in a configuration: data with a place. Everything that reads a configuration reports
 * here and goes on, so that a person sees all problems at once.
 */

/** A stretch of one line. Line and column count from 1, columns in UTF-16 units; line 0: the file as a whole. */
export interface Place {
  /** As the user named it; `command line: --proto` for a directive that came from there. */
  readonly file: string
  readonly line: number
  readonly column: number
  readonly length: number
  /** The source line, as far as it may be shown: lines that hold secrets are cut. */
  readonly excerpt?: string | undefined
}

export interface Problem {
  readonly severity: 'error' | 'warning' | 'note'
  /** The rule (`R1`, `R6`, ...) or the kind: `syntax`, `unknown`, `arity`, `value`, `scope`, `repeated`, `key`, ... */
  readonly code: string
  readonly message: string
  /** What to do about it. */
  readonly hint?: string | undefined
}

export interface Issue extends Problem, Place {
  /** Where in the object form: `remotes[0].port`. */
  readonly path?: string | undefined
}

/** What the readers of single values return: the value, or what was expected instead. */
export type Reading<Value> =
  { readonly value: Value; readonly message?: undefined } | (Misread & { readonly value?: undefined })
export interface Misread {
  /** The rule that says so; `value` without it. */
  readonly code?: string | undefined
  readonly message: string
  readonly hint?: string | undefined
}

/** More than this of one severity is no configuration with mistakes but some other file. */
const MAX_ISSUES = 200

const LOSES_LINES = new Set(['syntax', 'source', 'unknown', 'arity'])

/** Collects issues, at most `MAX_ISSUES` of each severity; the rest is counted. */
export class IssueList {
  readonly #kept: Issue[] = []
  readonly #counts = { error: 0, warning: 0, note: 0 }
  #lostLines = false

  report(place: Place, problem: Problem): void {
    if (problem.severity === 'error' && LOSES_LINES.has(problem.code)) this.#lostLines = true
    if (++this.#counts[problem.severity] <= MAX_ISSUES) this.#kept.push(issueOf(problem, place))
  }

  get hasErrors(): boolean {
    return this.#counts.error > 0
  }

  /** Some directives could not be read: that one is missing must not be concluded. */
  get lostLines(): boolean {
    return this.#lostLines
  }

  /** Nothing more would be shown: reading on is of no use. */
  get isFull(): boolean {
    return this.#counts.error >= MAX_ISSUES
  }

  /** In the order of `files`, which are all that were read, then of their lines. */
  inOrder(files: readonly string[]): Issue[] {
    const rank = new Map(files.map((file, index) => [file, index]))
    const rankOf = ({ file }: Issue) => rank.get(file) as number
    return this.#kept.toSorted((a, b) => rankOf(a) - rankOf(b) || a.line - b.line || a.column - b.column)
  }
}

// What is not there is no key either: programs look with `in`, and assertions compare.
function issueOf({ severity, code, message, hint }: Problem, { excerpt, ...at }: Place): Issue {
  const said = { severity, code, message, ...(hint !== undefined && { hint }) }
  return { ...said, ...at, ...(excerpt !== undefined && { excerpt }) }
}
