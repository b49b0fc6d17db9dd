/** Reads the values of one scope. What cannot be read is an issue at its place, and then absent. */
import type { IssueList, Place, Problem, Reading } from './issue.ts'
import type { Scope } from './scopes.ts'
import type { Entry, Value } from './source.ts'

/** A value and where it was written. */
export interface At<T> {
  readonly value: T
  readonly at: Place
}

export type Maybe<T> = At<T> | undefined

export interface SettingsOptions {
  /** Old spellings are errors. */
  readonly strict: boolean
}

export class Reader {
  readonly scope: Scope
  readonly strict: boolean
  readonly #issues: IssueList
  /** How many values could not be read so far. */
  misread = 0

  constructor(scope: Scope, { strict }: SettingsOptions, issues: IssueList) {
    this.scope = scope
    this.strict = strict
    this.#issues = issues
  }

  entry(name: string): Entry | undefined {
    return this.scope.entries.get(name)
  }

  has(name: string): boolean {
    return this.scope.entries.has(name)
  }

  values(name: string): readonly Value[] {
    return this.entry(name)?.values ?? []
  }

  first<T>(name: string, read: (text: string) => Reading<T>): Maybe<T> {
    return this.read(this.values(name)[0], read)
  }

  read<T>(written: Value | undefined, read: (text: string) => Reading<T>): Maybe<T> {
    if (!written) return undefined
    const reading = read(written.text)
    if (reading.message === undefined) return { value: reading.value, at: written.at }
    this.misread++
    this.report('error', written.at, { ...reading, code: reading.code ?? 'value' })
    return undefined
  }

  report(severity: Problem['severity'], at: Place, problem: Omit<Problem, 'severity'>): void {
    this.#issues.report(at, { severity, ...problem })
  }
}
