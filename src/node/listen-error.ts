/** Where `listen()` rejects, and what a server tells of a listener that it cannot keep. */
import { formatEndpoint } from '../endpoint.ts'
import type { Failure } from '../failure.ts'
import { printable } from '../printable.ts'
import type { Roster } from '../roster.ts'
import { reasonOf } from './explain.ts'

/** Lines of a message; all listeners are in `roster`. */
const MAX_MESSAGE_LINES = 20

/** Something could not be bound: `failure` says what and why, `roster` has every listener. */
export class ListenError extends Error {
  override readonly name = 'ListenError'
  /** `EADDRINUSE`, `RESTARTED_TOO_OFTEN`, ... (`Failure`). */
  readonly code: string
  readonly failure: Failure
  readonly roster: Roster

  constructor(why: Failure, roster: Roster) {
    super([why.message, ...explain(roster)].join('\n'))
    this.code = why.code
    this.failure = why
    this.roster = roster
  }
}

/** One line per listener that has a failure: what was to be bound, and why it is not. */
function explain({ listeners }: Roster): string[] {
  const told = listeners.flatMap(({ transport, endpoint, failure }) =>
    failure ? [`  ${transport} ${printable(formatEndpoint(endpoint))}: ${reasonOf(failure)}`] : [],
  )
  const more = told.length - MAX_MESSAGE_LINES
  return more > 0 ? [...told.slice(0, MAX_MESSAGE_LINES), `  ... and ${more} more`] : told
}
