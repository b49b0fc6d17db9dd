/**
 * The words for a ledger entry, the same in an error's message, in the ledger on the screen and in the line of an
 * event. What strangers wrote is made printable here; nothing is cut.
 */
import type { Candidate, Hop } from '../candidate.ts'
import { formatEndpoint } from '../endpoint.ts'
import type { Failure } from '../failure.ts'
import type { LedgerEntry, RemoteRef } from '../ledger.ts'
import { printable } from '../printable.ts'

type Target = Pick<Candidate, 'transport' | 'address' | 'port'>

/** `tcp [2001:db8::1]:443`; a failed look-up has the remote's name only. */
export function targetOf(candidate: Target | null, remote: RemoteRef): string {
  return candidate ? `${candidate.transport} ${printable(formatEndpoint(candidate))}` : printable(remote.host)
}

/**
 * The same, with the name that it came from: `tcp [2001:db8::1]:443 (vpn.example)`. Behind hops, with the way on from
 * there (`wayOf`).
 */
export function namedTargetOf(candidate: Target | null, remote: RemoteRef, hops: readonly Hop[]): string {
  if (hops.length > 0) return `${targetOf(candidate, remote)} ${wayOf(hops)}`
  const named = candidate && candidate.address !== remote.host ? ` (${printable(remote.host)})` : ''
  return targetOf(candidate, remote) + named
}

/** `via relay relay.example:8080, then vpn.example:443`; nothing, where there are no hops. */
export function wayOf(hops: readonly Hop[]): string {
  return hops.length > 0 ? `via ${hops.map(stopOf).join(', then ')}` : ''
}

/** `relay relay.example:8080` */
export function stopOf({ kind, host, port }: Hop): string {
  const place = printable(formatEndpoint({ address: host, port }))
  return kind === 'target' ? place : `${kind} ${place}`
}

/** `won`, `skipped`, `failed to connect`, ... */
export function outcomeOf(entry: LedgerEntry): string {
  const { outcome, failure } = entry
  switch (outcome) {
    case 'failed':
      return `failed to ${doingOf(failure)}`
    case 'open':
      return stageOf(entry)
    case 'won':
      return isUnconfirmed(entry) ? 'won, unconfirmed' : 'won'
    case 'cancelled':
    case 'skipped':
      return outcome
  }
}

function stageOf(entry: LedgerEntry): string {
  const { opened, connected } = entry.stages
  if (connected === undefined) return opened === undefined ? 'opening' : 'connecting'
  const hop = hopOf(entry)
  if (hop === undefined) return 'confirming'
  return entry.hops.length > 2 ? `negotiating with hop ${hop}` : 'negotiating'
}

/** The hop, from 1, that an attempt under way has come to; `undefined`: to none, or past all of them. */
export function hopOf({ stages: { connected, hop = 0 }, hops, outcome }: LedgerEntry): number | undefined {
  if (outcome !== 'open' || connected === undefined) return undefined
  return hop + 1 < hops.length ? hop + 1 : undefined
}

/** `negotiate with hop 2` */
export function doingOf(failure: Failure | undefined): string {
  const { stage = 'connect', hop } = failure ?? {}
  return hop === undefined ? VERBS[stage] : `${VERBS[stage]}${TO_HOPS[stage] ?? ','} hop ${hop}`
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
  const end = outcome === 'won' ? (stages.confirmed ?? stages.negotiated ?? stages.connected) : endedAt
  return end === undefined ? undefined : end - startedAt
}

/** One line: address, stage, time, cause. */
export function explainEntry(entry: LedgerEntry): string {
  const ms = durationOf(entry)
  // A failed look-up is an entry of one instant, with no beginning.
  const after = ms === undefined || entry.attempt === null ? '' : ` after ${ms} ms`
  const why = entry.failure ? `: ${reasonOf(entry.failure)}` : ''
  return `${namedTargetOf(entry.candidate, entry.remote, entry.hops)}: ${outcomeOf(entry)}${after}${why}`
}

/** Between a verb and a hop. */
const TO_HOPS: Partial<Readonly<Record<Failure['stage'], string>>> = {
  resolve: '',
  open: ' for',
  connect: ' to',
  negotiate: ' with',
  connected: ' to',
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
