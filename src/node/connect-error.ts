/**
 * Where a promise rejects: the only errors of the programming interface. Each carries the data it was made of; the
 * message is for a person at a terminal.
 */
import type { Issue } from '../config/issue.ts'
import type { Failure } from '../failure.ts'
import { type Ledger, type LedgerEntry, entriesOf } from '../ledger.ts'
import { explainEntry } from './explain.ts'

/** Lines of a message; whole ledgers are in `ledger`. */
const MAX_MESSAGE_LINES = 20

/** Nothing could be connected: `failure` says why, `ledger` has every attempt. */
export class ConnectError extends Error {
  override readonly name = 'ConnectError'
  /** `EXHAUSTED`, `LOCAL_FAMILY`, ... (`Failure`). */
  readonly code: string
  readonly failure: Failure
  /** Every attempt, skip and failed look-up of the last finished round and the one under way. */
  readonly ledger: readonly LedgerEntry[]

  constructor(why: Failure, ledger: Ledger) {
    const entries = entriesOf(ledger)
    super([why.message, ...explain(entries)].join('\n'))
    this.code = why.code
    this.failure = why
    this.ledger = entries
  }
}

/** A configuration object that cannot be used: `issues` has every problem with its path. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  readonly code = 'CONFIG'
  readonly issues: readonly Issue[]

  constructor(issues: readonly Issue[]) {
    const lines = issues.map(({ path, message }) => (path ? `  ${path}: ${message}` : `  ${message}`))
    super(['the configuration cannot be used', ...lines].join('\n'))
    this.issues = issues
  }
}

/** One line per entry: address, stage, cause, time. */
function explain(entries: readonly LedgerEntry[]): string[] {
  const told = entries.filter((entry) => entry.failure)
  const lines = told.slice(0, MAX_MESSAGE_LINES).map((entry) => `  ${explainEntry(entry)}`)
  const more = told.length - lines.length
  return more > 0 ? [...lines, `  ... and ${more} more in the ledger`] : lines
}
