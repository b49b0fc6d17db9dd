/**
 * The words for a ledger entry, the same in an error's message, in the ledger on the screen and in the line of an
 * event. What strangers wrote is made printable here; nothing is cut.
 */
import type { Candidate } from '../candidate.ts'
import { formatEndpoint } from '../endpoint.ts'
import type { Failure } from '../failure.ts'
import type { LedgerEntry, RemoteRef } from '../ledger.ts'
import { printable } from '../printable.ts'

type Target = Pick<Candidate, 'transport' | 'address' | 'port'>

/** `tcp [2001:db8::1]:443`; a failed look-up has the remote's name only. */
export function targetOf(candidate: Target | null, remote: RemoteRef): string {
  return candidate ? `${candidate.transport} ${printable(formatEndpoint(candidate))}` : printable(remote.host)
}

/** The same, with the name that it came from: `tcp [2001:db8::1]:443 (vpn.example)`. */
export function namedTargetOf(candidate: Target | null, remote: RemoteRef): string {
  const named = candidate && candidate.address !== remote.host ? ` (${printable(remote.host)})` : ''
  return targetOf(candidate, remote) + named
}

/** `won`, `skipped`, `failed to connect`, ... */
export function outcomeOf(entry: LedgerEntry): string {
  const { outcome, failure, stages } = entry
  switch (outcome) {
    case 'failed':
      return `failed to ${VERBS[failure?.stage ?? 'connect']}`
    case 'open':
      return stages.connected !== undefined ? 'confirming' : stages.opened !== undefined ? 'connecting' : 'opening'
    case 'won':
      return isUnconfirmed(entry) ? 'won, unconfirmed' : 'won'
    case 'cancelled':
    case 'skipped':
      return outcome
  }
}

/** Over UDP, to be connected means nothing: nobody has answered. */
export function isUnconfirmed({ stages, candidate }: LedgerEntry): boolean {
  return stages.confirmed === undefined && candidate?.transport === 'udp'
}

/** `no answer before the deadline (TIMEOUT)` */
export const reasonOf = ({ message, code }: Failure): string => `${printable(message)} (${printable(code)})`

/** ms that it took: until it had won, or until it ended. A skip takes none. */
export function durationOf({ outcome, startedAt, endedAt, stages }: LedgerEntry): number | undefined {
  if (outcome === 'skipped') return undefined
  const end = outcome === 'won' ? (stages.confirmed ?? stages.connected) : endedAt
  return end === undefined ? undefined : end - startedAt
}

/** One line: address, stage, time, cause. */
export function explainEntry(entry: LedgerEntry): string {
  const ms = durationOf(entry)
  // A failed look-up is an entry of one instant, with no beginning.
  const after = ms === undefined || entry.attempt === null ? '' : ` after ${ms} ms`
  const why = entry.failure ? `: ${reasonOf(entry.failure)}` : ''
  return `${namedTargetOf(entry.candidate, entry.remote)}: ${outcomeOf(entry)}${after}${why}`
}

const VERBS: Readonly<Record<Failure['stage'], string>> = {
  resolve: 'resolve',
  plan: 'plan',
  open: 'open a socket',
  connect: 'connect',
  negotiate: 'negotiate',
  confirm: 'be confirmed',
  connected: 'stay connected',
  bind: 'be bound',
  accept: 'accept',
}
