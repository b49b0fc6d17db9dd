/** One note of a client, or of a peer's walk, for a person: `attempt 1: tcp [::1]:443 (vpn.example): failed to connect ...`. */
import { type Endpoint, formatEndpoint } from '../../endpoint.ts'
import type { LedgerEntry, Note } from '../../ledger.ts'
import { printable } from '../../printable.ts'
import { doingOf, explainEntry, isUnconfirmed, namedTargetOf, reasonOf, stopOf } from '../explain.ts'
import { formatMs } from './duration.ts'
import type { Told } from './event-line.ts'
import type { Style } from './paint.ts'

/** `entryOf` finds the ledger's entry of an attempt, after this note. `undefined`: not worth a line. */
export function narrateClient(note: Note, entryOf: (attempt: number) => LedgerEntry | undefined): Told | undefined {
  const sentence = tell(note, entryOf)
  return sentence === undefined ? undefined : [sentence, STYLES[note.type]]
}

const STYLES: Partial<Readonly<Record<Note['type'], Style>>> = {
  'attempt.won': 'green',
  'attempt.failed': 'red',
  'attempt.lost': 'red',
  'query.failed': 'red',
  'candidate.skipped': 'yellow',
}

function tell(note: Note, entryOf: (attempt: number) => LedgerEntry | undefined): string | undefined {
  switch (note.type) {
    case 'round.started':
      return note.round === 1 ? undefined : `round ${note.round} begins`
    case 'round.failed':
      return `round ${note.round} has failed`
    // How it ended is said once, below the ledger.
    case 'client.failed':
    case 'client.stopped':
    case 'peer.failed':
    case 'peer.stopped':
    case 'round.ended':
      return undefined
    case 'query.started':
      return `looking up ${printable(note.host)}`
    case 'query.answered':
      return `the answer: ${note.addresses.map(printable).join(', ') || 'nothing'}`
    case 'query.failed':
      return `${printable(note.remote.host)}: failed to ${doingOf(note.failure)}: ${reasonOf(note.failure)}`
    case 'candidate.skipped':
      return `${namedTargetOf(note.candidate, note.remote, note.candidate?.hops ?? [])}: skipped: ${reasonOf(note.failure)}`
    case 'attempt.started':
      return `attempt ${note.attempt}: trying ${namedTargetOf(note.candidate, note.remote, note.candidate.hops)}`
    case 'attempt.opened':
    case 'attempt.connected':
    case 'attempt.confirmed':
      return undefined
    case 'attempt.negotiated':
      return negotiated(note, entryOf(note.attempt))
    case 'attempt.won':
      return won(note.attempt, entryOf(note.attempt))
    case 'attempt.failed':
    case 'attempt.cancelled':
      return attempted(note.attempt, entryOf(note.attempt))
    case 'attempt.lost':
      return `the connection is lost: ${reasonOf(note.failure)}`
    case 'attempt.moved':
      return movedLine(note.remote)
    case 'peer.met':
      return `met ${note.transport} ${printable(formatEndpoint(note.remote))}`
    case 'backoff.started':
      return `next round in ${formatMs(note.ms)}`
    case 'network.changed':
      return 'the network has changed'
  }
}

export const movedLine = (remote: Endpoint): string => `the peer has moved to ${printable(formatEndpoint(remote))}`

/** Of the last hop it is told by what comes of the attempt. */
function negotiated({ attempt, hop }: Negotiated, entry: LedgerEntry | undefined): string | undefined {
  const [passed, next, ...more] = entry?.hops.slice(hop - 1) ?? []
  const isLast = !passed || !next || more.length === 0
  return isLast ? undefined : `attempt ${attempt}: through ${stopOf(passed)}, on to ${stopOf(next)}`
}
type Negotiated = Extract<Note, { readonly type: 'attempt.negotiated' }>

const attempted = (attempt: number, entry: LedgerEntry | undefined) =>
  entry ? `attempt ${attempt}: ${explainEntry(entry)}` : undefined

/** Where the connection goes, from where, and what proved it. */
function won(attempt: number, entry: LedgerEntry | undefined): string | undefined {
  if (!entry) return undefined
  const from = entry.local ? ` from ${formatEndpoint(entry.local)}` : ''
  return `attempt ${attempt}: connected to ${namedTargetOf(entry.candidate, entry.remote, entry.hops)}${from}${proofOf(entry)}`
}

function proofOf(entry: LedgerEntry): string {
  if (entry.stages.confirmed !== undefined) return ', and the peer has answered'
  return isUnconfirmed(entry) ? ', unconfirmed: the peer has not answered' : ''
}
