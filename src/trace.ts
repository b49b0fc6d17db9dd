/**
 * A trace is one line per note: `    250 attempt 2 tcp [2001:db8::1]:1194 started`. Same input, same seed: the same
 * bytes, in whatever process, locale or time zone. No session ids, no wall time, no secrets.
 */
import { MAX_ADDRESSES } from './answer.ts'
import type { Candidate } from './candidate.ts'
import { formatEndpoint } from './endpoint.ts'
import type { Failure } from './failure.ts'
import type { Note, RemoteRef } from './ledger.ts'
import type { ServerNote } from './roster.ts'
import { printable } from './printable.ts'

/** Lines that are kept of a long life; the oldest go first. */
export const MAX_LINES = 10_000

/** The line of one note: the time in ms since the root's start, right-aligned to 7, then what happened. */
export function traceLine(note: Note | ServerNote): string {
  return `${String(note.at).padStart(7)} ${tell(note)}`
}

function tell(note: Note | ServerNote): string {
  switch (note.type) {
    case 'round.started':
    case 'round.failed':
    case 'round.ended':
      return `round ${note.round} ${note.type.slice(6)}`
    case 'query.started':
      return `query ${note.query} ${printable(note.host)} ${note.families.join(' ')} started`
    case 'query.answered':
      return `query ${note.query} answered ${listed(note.addresses)}`
    case 'query.failed':
      return `query ${note.query} failed ${because(note.failure)}`
    case 'candidate.skipped':
      return `skipped ${target(note.candidate, note.remote)} ${because(note.failure)}`
    case 'attempt.started':
      return `attempt ${note.attempt} ${target(note.candidate, note.remote)} started`
    case 'attempt.opened':
    case 'attempt.connected': {
      const from = note.local ? ` from ${formatEndpoint(note.local)}` : ''
      return `attempt ${note.attempt} ${note.type.slice(8)}${from}`
    }
    case 'attempt.negotiated':
      return `attempt ${note.attempt} negotiated hop ${note.hop}`
    case 'attempt.confirmed':
      return `attempt ${note.attempt} confirmed after ${note.sent} sent ${note.received} received`
    case 'attempt.won':
      return `attempt ${note.attempt} won${note.confirmed ? '' : ' unconfirmed'}`
    case 'attempt.failed':
    case 'attempt.cancelled':
    case 'attempt.lost':
      return `attempt ${note.attempt} ${note.type.slice(8)} ${because(note.failure)}`
    case 'attempt.moved':
      return `attempt ${note.attempt} moved to ${formatEndpoint(note.remote)}`
    case 'peer.met':
      return `met ${note.transport} ${formatEndpoint(note.remote)}`
    case 'backoff.started':
      return `backoff ${note.ms} ms after ${note.failed} failed`
    case 'network.changed':
      return 'network changed'
    case 'client.failed':
      return `client failed ${because(note.failure)}`
    case 'peer.failed':
      return `peer failed ${because(note.failure)}`
    case 'peer.stopped':
      return 'peer stopped'
    case 'client.stopped':
      return 'client stopped'
    case 'block.waiting':
      return `block ${note.block + 1} again in ${note.ms} ms`
    case 'address.skipped': {
      const where = note.endpoint ? `${formatEndpoint(note.endpoint)} ` : ''
      return `block ${note.block + 1} skipped ${where}${because(note.failure)}`
    }
    case 'listener.started':
      return `listener ${note.listener} ${note.transport} ${formatEndpoint(note.endpoint)} started`
    case 'listener.bound':
      return `listener ${note.listener} bound to ${formatEndpoint(note.local)}`
    case 'listener.failed':
    case 'listener.lost':
    case 'listener.escalated':
      return `listener ${note.listener} ${note.type.slice(9)} ${because(note.failure)}`
    case 'listener.waiting':
      return `listener ${note.listener} again in ${note.ms} ms`
    case 'listener.closed':
      return `listener ${note.listener} closed${note.failure ? ` ${because(note.failure)}` : ''}`
    case 'server.listening':
      return `server listening on ${note.bound}`
    case 'server.warned':
      return `server warned ${note.message}`
    case 'server.draining':
      return 'server draining'
    case 'server.failed':
      return `server failed ${because(note.failure)}`
    case 'server.stopped':
      return 'server stopped'
    case 'peer.accepted':
      return `peer ${note.peer} from ${formatEndpoint(note.remote)} accepted by listener ${note.listener}`
    case 'peer.refused': {
      const from = note.remote ? ` from ${formatEndpoint(note.remote)}` : ''
      return `peer${from} refused by listener ${note.listener} ${because(note.failure)}`
    }
    case 'peer.dropped':
      return `peer ${note.peer} dropped ${because(note.failure)}`
    case 'peer.closed':
      return `peer ${note.peer} closed`
  }
}

/** No more of an answer than the engine takes of it. */
function listed(addresses: readonly string[]): string {
  const shown = addresses.slice(0, MAX_ADDRESSES).map(printable).join(' ') || 'nothing'
  const more = addresses.length - MAX_ADDRESSES
  return more > 0 ? `${shown} and ${more} more` : shown
}

const because = ({ code, stage, hop }: Failure): string =>
  `${printable(code)} at ${stage}${hop === undefined ? '' : ` of hop ${hop}`}`

function target(candidate: Candidate | null, remote: RemoteRef): string {
  if (!candidate) return printable(remote.host)
  const behind = candidate.hops
    .slice(1)
    .map(({ host, port }) => ` then ${formatEndpoint({ address: printable(host), port })}`)
  return `${candidate.transport} ${formatEndpoint(candidate)}${behind.join('')}`
}
