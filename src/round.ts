/**
 * One round as data: which remotes are still to be resolved, which candidates wait, which attempts are in flight, which
 * one is held. Pure functions from one round to the next; `machines/dial.ts` turns them into actors and timers.
 */
import { type Candidate, type Skip, candidatesOf, familiesOf } from './candidate.ts'
import { type ClientConfig, type Remote, doorOf } from './config/schema.ts'
import { type Address, type Endpoint, type Family, type Transport, parseAddress, unmap } from './endpoint.ts'
import { type Failure, type Stage, failure } from './failure.ts'
import type { RemoteRef } from './ledger.ts'
import type { View } from './pacing.ts'
import { hash, shuffle } from './seed.ts'

/** Addresses as returned, or why there are none. */
export type Answer =
  | { readonly addresses: readonly string[]; readonly failure?: never }
  | { readonly failure: Failure; readonly addresses?: never }

/** One name that stands between us and the candidates of a remote. */
export interface Lookup {
  readonly remote: number
  /** A client's `local` may be a name too; it is looked up before the remote's. */
  readonly of: 'local' | 'remote'
  readonly host: string
  readonly transport: Transport
  readonly families: readonly Family[]
}

export interface Flight {
  readonly attempt: number
  readonly candidate: Candidate
  readonly startedAt: number
  /** What it is at, and with which hop: where a time-out would strike. */
  readonly stage: Stage
  readonly hop: number | null
}

export interface Round {
  /** Remotes by index, in the order of this round. `only`: a first pass that takes just this candidate. */
  readonly agenda: readonly { readonly remote: number; readonly only?: Candidate }[]
  /** How much of the agenda is done. */
  readonly cursor: number
  /** Answers of this round, by remote; each is asked for once, unless `resolv-retry` repeats a failure. */
  readonly answers: {
    readonly local: Readonly<Record<number, Answer>>
    readonly remote: Readonly<Record<number, Answer>>
  }
  readonly waiting: readonly Candidate[]
  readonly flying: readonly Flight[]
  readonly newest: Flight | null
  /** The winner of this round so far: `since` is when it won. */
  readonly held: (Flight & { readonly since: number; readonly confirmed: boolean }) | null
  /** What the end of the round is judged by (R6). */
  readonly tally: { readonly candidates: number; readonly failedLookups: number; readonly unfit: readonly string[] }
}

/** Remotes by index: as written, or one seeded permutation for the whole life (O3). */
function remoteOrder(config: ClientConfig, seed: number): readonly number[] {
  const written = config.remotes.map((_, index) => index)
  return config.remoteRandom ? shuffle(written, seed, 'remote-random') : written
}

const NO_ANSWERS: Round['answers'] = { local: {}, remote: {} }

/**
 * `first`: the candidate that was lost after a long life. Its remote is resolved first, and that answer serves the whole
 * round; the candidate goes first if it is still in it, then all others in plan order.
 */
export function newRound(config: ClientConfig, seed: number, first: Candidate | null): Round {
  const order = remoteOrder(config, seed).map((remote) => ({ remote }))
  return {
    agenda: first ? [{ remote: first.remote, only: first }, ...order] : order,
    cursor: 0,
    answers: NO_ANSWERS,
    waiting: [],
    flying: [],
    newest: null,
    held: null,
    tally: { candidates: 0, failedLookups: 0, unfit: [] },
  }
}

/** The name to be looked up next for the remote at the cursor; `null` when everything about it is known. */
export function nextLookup(round: Round, config: ClientConfig): Lookup | null {
  const index = round.agenda[round.cursor]?.remote
  const remote = index === undefined ? undefined : config.remotes[index]
  if (index === undefined || !remote) return null
  const ask = (of: Lookup['of'], host: string): Lookup => {
    return { remote: index, of, host, transport: remote.proto, families: familiesOf(remote) }
  }
  const local = remote.local?.host
  if (local !== undefined && !parseAddress(local)) {
    const known = round.answers.local[index]
    if (!known) return ask('local', local)
    if (known.failure) return null
  }
  const { host } = doorOf(remote)
  return parseAddress(host) || round.answers.remote[index] ? null : ask('remote', host)
}

/** `remote-random-hostname`: 12 hex digits in front of the remote's name, as in OpenVPN, against caches. */
export function askedHost(lookup: Lookup, config: ClientConfig, seed: number, query: number): string {
  const isRemotes = lookup.of === 'remote' && config.remotes[lookup.remote]?.hops.length === 0
  if (!config.remoteRandomHostname || !isRemotes) return lookup.host
  const hex = (label: string, digits: number) => hash(seed, label, query).toString(16).padStart(8, '0').slice(0, digits)
  return `${hex('remote-random-hostname', 8)}${hex('remote-random-hostname.tail', 4)}.${lookup.host}`
}

export function answered(round: Round, lookup: Lookup, answer: Answer): Round {
  const known = { ...round.answers[lookup.of], [lookup.remote]: answer }
  const failedLookups = round.tally.failedLookups + (answer.failure ? 1 : 0)
  return { ...round, answers: { ...round.answers, [lookup.of]: known }, tally: { ...round.tally, failedLookups } }
}

/** Takes the remote at the cursor, whose names are all known: its candidates wait from now on. */
export function expand(round: Round, config: ClientConfig): { round: Round; skipped: readonly Skip[] } {
  const item = round.agenda[round.cursor]
  const remote = item && config.remotes[item.remote]
  const next = { ...round, cursor: round.cursor + 1 }
  const addresses = remote && addressesOf(round, remote, item.remote)
  if (!addresses) return { round: next, skipped: [] }
  const { candidates, skipped } = candidatesOf(
    remote,
    item.remote,
    addresses,
    config.candidateOrder,
    localsOf(round, remote, item.remote),
  )
  const { only } = item
  if (only) return { round: { ...next, waiting: candidates.filter((one) => isSame(one, only)) }, skipped: [] }

  const pinned = round.agenda[0]?.only
  const fresh = pinned ? candidates.filter((one) => !isSame(one, pinned)) : candidates
  const unfit = skipped.filter((skip) => skip.failure.code === 'LOCAL_FAMILY').map((skip) => skip.failure.message)
  const tally = {
    ...round.tally,
    candidates: round.tally.candidates + candidates.length,
    unfit: [...round.tally.unfit, ...unfit],
  }
  return { round: { ...next, waiting: [...round.waiting, ...fresh], tally }, skipped }
}

function addressesOf(round: Round, remote: Remote, index: number): readonly string[] | undefined {
  if (round.answers.local[index]?.failure) return undefined
  const { host } = doorOf(remote)
  return parseAddress(host) ? [host] : round.answers.remote[index]?.addresses
}

/** What the local side may be bound to; undefined where any family will do. */
export function localsOf(round: Round, remote: Remote, index: number): readonly Address[] | undefined {
  const host = remote.local?.host
  if (host === undefined) return undefined
  const texts = parseAddress(host) ? [host] : (round.answers.local[index]?.addresses ?? [])
  return texts.flatMap((text) => {
    const address = parseAddress(text)
    return address ? (unmap(address) ?? address) : []
  })
}

export const isSame = (a: Candidate, b: Candidate): boolean =>
  a.address === b.address && a.port === b.port && a.transport === b.transport && a.remote === b.remote

/** The remote that has that endpoint, by what is known in this round so far. */
export function remoteAt(
  round: Round,
  config: ClientConfig,
  transport: Transport,
  endpoint: Endpoint,
): number | undefined {
  const found = config.remotes.findIndex((remote, index) => {
    if (remote.proto !== transport || remote.port !== endpoint.port) return false
    const { candidates } = candidatesOf(remote, index, addressesOf(round, remote, index) ?? [], config.candidateOrder)
    return candidates.some(({ address }) => address === endpoint.address)
  })
  return found < 0 ? undefined : found
}

/** A candidate goes first, wherever it stood. */
export function advance(round: Round, candidate: Candidate): Round {
  return { ...round, waiting: [candidate, ...round.waiting.filter((other) => !isSame(other, candidate))] }
}

/** The candidate whose turn it is takes off. */
export function startNext(round: Round, attempt: number, at: number): { round: Round; flight: Flight } {
  const [candidate, ...waiting] = round.waiting as [Candidate, ...Candidate[]]
  const flight: Flight = { attempt, candidate, startedAt: at, stage: 'open', hop: firstHopOf(candidate) }
  return { round: { ...round, waiting, flying: [...round.flying, flight], newest: flight }, flight }
}

const firstHopOf = ({ hops }: Candidate): number | null => (hops.length > 0 ? 1 : null)

/** An attempt has connected, or been carried on by `hops` hops: on to the next of them, or to the remote. */
export function reachBehind(round: Round, attempt: number, hops: number): Round {
  return amend(round, attempt, (flight) => {
    const isThere = hops + 1 >= flight.candidate.hops.length
    return isThere ? { ...flight, stage: 'confirm', hop: null } : { ...flight, stage: 'negotiate', hop: hops + 1 }
  })
}

/** It has a socket. */
export function reachOpen(round: Round, attempt: number): Round {
  return amend(round, attempt, (flight) => ({ ...flight, stage: 'connect', hop: firstHopOf(flight.candidate) }))
}

function amend(round: Round, attempt: number, change: (flight: Flight) => Flight): Round {
  const flying = round.flying.map((flight) => (flight.attempt === attempt ? change(flight) : flight))
  return { ...round, flying }
}

/** An attempt is over. */
export function drop(round: Round, attempt: number): Round {
  return { ...round, flying: round.flying.filter((flight) => flight.attempt !== attempt) }
}

/**
 * The winner is held; the others go back to the head of the queue in their order: they did not fail, and if the winner
 * is rejected they get their turn.
 */
export function win(round: Round, attempt: number, at: number, confirmed: boolean): Round {
  const winner = round.flying.find((flight) => flight.attempt === attempt)
  const losers = round.flying.filter((flight) => flight.attempt !== attempt).map((flight) => flight.candidate)
  const held = winner ? hold(winner, at, confirmed) : null
  return { ...round, flying: [], newest: null, held, waiting: [...losers, ...round.waiting] }
}

// Written out: V8 gives what is spread and then grown a shape of its own, 230 bytes for each connection that is held.
function hold(flight: Flight, since: number, confirmed: boolean): Round['held'] {
  const { attempt, candidate, startedAt, stage, hop } = flight
  return { attempt, candidate, startedAt, stage, hop, since, confirmed }
}

export function viewOf(round: Round, config: ClientConfig, resolving: boolean, at: number): View {
  const { newest } = round
  const concerned = [...round.flying.map((flight) => flight.candidate), ...round.waiting.slice(0, 1)]
  return {
    at,
    waiting: round.waiting.length,
    inFlight: round.flying.length,
    newest: newest && {
      startedAt: newest.startedAt,
      flying: round.flying.some((flight) => flight.attempt === newest.attempt),
    },
    resolving,
    unresolved: round.agenda.length - round.cursor,
    bound: concerned.some((candidate) => config.remotes[candidate.remote]?.local !== undefined),
  }
}

/** Nothing waits, flies or is left to resolve. */
export function isSpent(round: Round, resolving: boolean): boolean {
  const idle = round.waiting.length === 0 && round.flying.length === 0 && !round.held
  return idle && !resolving && round.cursor >= round.agenda.length
}

/** R6: every remote was resolved, there were addresses, and none fits the local one. */
export function unfitFailure(round: Round): Failure | undefined {
  const { candidates, failedLookups, unfit } = round.tally
  if (candidates > 0 || failedLookups > 0 || unfit.length === 0) return undefined
  const hint = 'bind an address of the family that the remote has, or none'
  return failure('LOCAL_FAMILY', 'plan', `no remote fits: ${unfit[0]}; ${hint}`)
}

export function refOf(config: ClientConfig, index: number): RemoteRef {
  const { host, port } = config.remotes[index] as Remote
  return { index, host, port }
}

/** What the dialer of a candidate binds first. */
export function bindingOf(round: Round, config: ClientConfig, candidate: Candidate) {
  const remote = config.remotes[candidate.remote]
  if (!remote?.local) return undefined
  const locals = localsOf(round, remote, candidate.remote)
  const address = locals?.find((local) => local.family === candidate.family)?.address
  return { address, port: remote.local.port }
}
