/**
 * The walk over the candidates of one round: what `machines/dial.ts` does at each event, as pure functions. A step takes
 * the walk further and leaves behind, as effects, what is to be started, ended and said; the machine carries that out.
 */
import type { DialerInput, DialerSays, ResolverInput } from './actors.ts'
import type { Candidate } from './candidate.ts'
import type { ClientConfig, Remote } from './config/schema.ts'
import { type Endpoint, type Transport, formatEndpoint } from './endpoint.ts'
import { type Failure, failure, failureAt } from './failure.ts'
import type { Meet } from './junction.ts'
import { type Ledger, type Note, entryAt, record } from './ledger.ts'
import { nextStep } from './pacing.ts'
import {
  type Flight,
  type Lookup,
  type Round,
  advance,
  answered,
  askedHost,
  bindingOf,
  drop,
  expand,
  isSame,
  newRound,
  nextLookup,
  reachBehind,
  reachOpen,
  refOf,
  remoteAt,
  startNext,
  viewOf,
  win,
} from './round.ts'

export interface WalkInput {
  readonly config: ClientConfig
  readonly seed: number
  /** Whether the winner's socket becomes the user's alone. */
  readonly release: boolean
  /** No connection was made yet: only now can a start fail for good. */
  readonly starting: boolean
  /** The candidate that was lost after a long life, to be tried first. */
  readonly first: Candidate | null
  readonly numbers: Numbers
  /** Of a peer with `float`: it may come from where nobody looked for it. */
  readonly floats: boolean
  /** To be gone on with; it comes back in the end. */
  readonly ledger: Ledger
}

/** The last numbers that were given out. */
export interface Numbers {
  readonly query: number
  readonly attempt: number
}

export interface Walk extends WalkInput {
  readonly round: Round
  /** The look-up under way. `since`: when its name was first asked for. `failed`: it has, and waits to be repeated. */
  readonly lookup: (Lookup & { readonly query: number; readonly since: number; readonly failed: boolean }) | null
  /** A timer of the pacing policy runs. */
  readonly waking: boolean
  readonly stopped: boolean
  /** Lost after a long life. */
  readonly lost: Candidate | null
  /** Why the start fails for good. */
  readonly fatal: Failure | null
}

export type Effect =
  | { readonly do: 'note'; readonly note: Note }
  | { readonly do: 'ask'; readonly input: ResolverInput; readonly timeout: number }
  | { readonly do: 'askLater'; readonly query: number }
  | { readonly do: 'endQuery'; readonly query: number }
  | { readonly do: 'dial'; readonly input: DialerInput; readonly deadline: number }
  | { readonly do: 'accept'; readonly attempt: number }
  | { readonly do: 'endAttempt'; readonly attempt: number }
  | { readonly do: 'tellWon'; readonly attempt: number }
  | { readonly do: 'tellResumed' }
  | { readonly do: 'wake'; readonly ms: number }
  | { readonly do: 'sleep' }

/** A walk in the midst of a step, and what the step leaves behind so far. */
export interface Draft {
  readonly walk: Walk
  readonly effects: readonly Effect[]
}

// Written out, as is whatever else is made often: V8 gives what is spread and then grown hidden classes of its own, each
// time, and these cost more than the object.
export function newWalk({ config, seed, release, starting, first, floats, numbers, ledger }: WalkInput): Walk {
  return {
    config,
    seed,
    release,
    starting,
    first,
    floats,
    numbers,
    ledger,
    round: newRound(config, seed, first),
    lookup: null,
    waking: false,
    stopped: false,
    lost: null,
    fatal: null,
  }
}

export const flightOf = ({ round }: Walk, attempt: number | undefined): Flight | undefined =>
  round.flying.find((flight) => flight.attempt === attempt)

export const remoteOf = ({ config }: Walk, { remote }: Candidate): Remote => config.remotes[remote] as Remote

// What a guard of the machine has seen to be there.
const lookupIn = ({ lookup }: Walk) => lookup as NonNullable<Walk['lookup']>
const heldIn = ({ round }: Walk) => round.held as NonNullable<Round['held']>

function step(
  { walk, effects }: Draft,
  change: Partial<Walk>,
  more: readonly Effect[],
  ...notes: readonly Note[]
): Draft {
  return {
    walk: { ...walk, ...change, ledger: notes.reduce(record, walk.ledger) },
    effects: [...effects, ...more, ...notes.map((note) => ({ do: 'note', note }) as const)],
  }
}

/** Asks the policy until it says `wait`: the only place that starts anything. */
export function proceed(draft: Draft, at: number): Draft {
  for (let now = draft; ;) {
    const { config, round, lookup, fatal } = now.walk
    if (fatal) return now
    const wanted = nextStep(config.pacing, viewOf(round, config, lookup !== null, at))
    if (wanted.do === 'wait') return wakeIn(now, wanted.ms)
    if (wanted.do === 'start') now = startAttempt(now, at)
    else {
      const name = nextLookup(round, config)
      now = name ? ask(now, at, name) : takeRemote(now, at)
    }
  }
}

/** When the policy wants to be asked again; null: not before something happens. */
function wakeIn(now: Draft, ms: number | null): Draft {
  const { waking } = now.walk
  if (ms === null && !waking) return now
  const before: Effect[] = waking ? [{ do: 'sleep' }] : []
  if (ms === null) return step(now, { waking: false }, before)
  return step(now, { waking: true }, [...before, { do: 'wake', ms }])
}

/** `since`: a repeated look-up keeps the time of its first. */
function ask(now: Draft, at: number, lookup: Lookup, since = at): Draft {
  const { config, seed, numbers } = now.walk
  const query = numbers.query + 1
  const { remote, of, transport, families } = lookup
  const host = askedHost(lookup, config, seed, query)
  const asked = { remote, of, host: lookup.host, transport, families, query, since, failed: false }
  const input = { query, host, transport, families }
  const started: Note = { type: 'query.started', at, query, remote: refOf(config, remote), host, families }
  const change = { numbers: { query, attempt: numbers.attempt }, lookup: asked }
  return step(now, change, [{ do: 'ask', input, timeout: config.resolveTimeout }], started)
}

/** Takes the remote whose turn it is, and all of whose names are known. */
function takeRemote(now: Draft, at: number): Draft {
  const { config, round } = now.walk
  const item = round.agenda[round.cursor] as Round['agenda'][number]
  const remote = refOf(config, item.remote)
  const expanded = expand(round, config)
  const skipped = expanded.skipped.map((skip): Note => ({ type: 'candidate.skipped', at, remote, ...skip }))
  return step(now, { round: expanded.round }, [], ...skipped)
}

function startAttempt(now: Draft, at: number): Draft {
  const { config, numbers } = now.walk
  const attempt = numbers.attempt + 1
  const { round, flight } = startNext(now.walk.round, attempt, at)
  const { candidate } = flight
  const { confirm: confirmation, connectTimeout: deadline, hops } = remoteOf(now.walk, candidate)
  const input = { attempt, candidate, local: bindingOf(round, config, candidate), hops, confirmation }
  const remote = refOf(config, candidate.remote)
  const started: Note = { type: 'attempt.started', at, attempt, remote, candidate }
  return step(now, { round, numbers: { ...numbers, attempt } }, [{ do: 'dial', input, deadline }], started)
}

export function takeAnswer(now: Draft, at: number, addresses: readonly string[]): Draft {
  const lookup = lookupIn(now.walk)
  if (addresses.length === 0) return takeLookupFailure(now, at, failure('NO_ADDRESS', 'resolve'))
  const { query } = lookup
  const round = answered(now.walk.round, lookup, { addresses })
  const told: Note = { type: 'query.answered', at, query, addresses }
  return step(now, { lookup: null, round }, [{ do: 'endQuery', query }], told)
}

export function takeLookupFailure(now: Draft, at: number, why: Failure): Draft {
  const { config, starting } = now.walk
  const lookup = lookupIn(now.walk)
  const round = answered(now.walk.round, lookup, { failure: why })
  // What waits to be repeated was told when it failed.
  const told = lookup.failed ? [] : [lookupFailed(now.walk, at, why)]
  const ended = step(now, { lookup: null, round }, [{ do: 'endQuery', query: lookup.query }], ...told)
  // `resolv-retry 0`; but who leaves a name on purpose has not failed.
  if (config.resolvRetry !== 0 || !starting || why.code === 'NEXT') return ended
  const fatal = { ...why, message: `${lookup.host}: ${why.message}` }
  return cancel(step(ended, { fatal }, []), at, ended.walk.round.flying, 'the start failed')
}

/** The name will be asked for again, after a pause. */
export function postponeLookup(now: Draft, at: number, why: Failure): Draft {
  const lookup = lookupIn(now.walk)
  const { query } = lookup
  const effects: Effect[] = [
    { do: 'endQuery', query },
    { do: 'askLater', query },
  ]
  return step(now, { lookup: { ...lookup, failed: true } }, effects, lookupFailed(now.walk, at, why))
}

export function repeatLookup(now: Draft, at: number): Draft {
  const lookup = lookupIn(now.walk)
  return ask(now, at, lookup, lookup.since)
}

function lookupFailed(walk: Walk, at: number, why: Failure): Note {
  const { query, remote, of, host } = lookupIn(walk)
  const isHops = of === 'remote' && (walk.config.remotes[remote] as Remote).hops.length > 0
  const failure = isHops ? { ...why, hop: 1, message: `${host}: ${why.message}` } : why
  return { type: 'query.failed', at, query, remote: refOf(walk.config, remote), failure }
}

type Progress = Exclude<DialerSays, { readonly type: 'attempt.failed' | 'attempt.lost' }> & { readonly at: number }

export function takeProgress(now: Draft, event: Progress): Draft {
  switch (event.type) {
    case 'attempt.opened':
      return step(now, { round: reachOpen(now.walk.round, event.attempt) }, [], event)
    case 'attempt.connected':
      return step(now, { round: reachBehind(now.walk.round, event.attempt, 0) }, [], event)
    case 'attempt.negotiated':
      return step(now, { round: reachBehind(now.walk.round, event.attempt, event.hop) }, [], event)
    case 'attempt.confirmed':
      return step(now, {}, [], event)
  }
}

/** The losers close in this very instant. */
export function acceptWinner(draft: Draft, event: Progress): Draft {
  const { at, attempt } = event
  const confirmed = event.type === 'attempt.confirmed'
  const now = wakeIn(takeProgress(draft, event), null)
  const losers = now.walk.round.flying.filter((flight) => flight.attempt !== attempt)
  const effects: Effect[] = [{ do: 'accept', attempt }]
  if (now.walk.lookup) effects.push({ do: 'endQuery', query: now.walk.lookup.query })
  const change = { round: win(now.walk.round, attempt, at, confirmed), lookup: null, starting: false }
  const won = step(now, change, effects, { type: 'attempt.won', at, attempt, confirmed })
  return step(cancel(won, at, losers, `attempt ${attempt} won`), {}, [{ do: 'tellWon', attempt }])
}

function cancel(now: Draft, at: number, flights: readonly Flight[], because: string): Draft {
  const notes = flights.map((flight): Note => {
    return { type: 'attempt.cancelled', at, attempt: flight.attempt, failure: failureAt('CANCELLED', flight, because) }
  })
  const effects = flights.map(({ attempt }): Effect => ({ do: 'endAttempt', attempt }))
  return step(now, {}, effects, ...notes)
}

export function takeFailure(now: Draft, at: number, attempt: number, why: Failure): Draft {
  const failed: Note = { type: 'attempt.failed', at, attempt, failure: why }
  return step(now, { round: drop(now.walk.round, attempt) }, [{ do: 'endAttempt', attempt }], failed)
}

/** What is in flight fails; with nothing in flight, the look-up does. */
export function abandon(draft: Draft, at: number): Draft {
  const { flying } = draft.walk.round
  if (flying.length === 0) return takeLookupFailure(draft, at, failure('NEXT', 'resolve'))
  return flying.reduce((now, flight) => takeFailure(now, at, flight.attempt, failureAt('NEXT', flight)), draft)
}

/** The peer came by itself: what is in flight makes room, and has its turn later. */
export function takeMet(draft: Draft, met: Meet & { readonly at: number }): Draft {
  const { at, transport, remote } = met
  // What a guard of the machine has seen to be there.
  const candidate = metIn(draft.walk, transport, remote) as Candidate
  const now = step(draft, {}, [], met)
  const { flying } = now.walk.round
  const grounded = flying
    .toReversed()
    .reduce((round, flight) => advance(drop(round, flight.attempt), flight.candidate), now.walk.round)
  const cancelled = cancel(now, at, flying, `the peer came from ${formatEndpoint(candidate)}`)
  return step(cancelled, { round: advance(grounded, candidate) }, [])
}

/**
 * The candidate where a peer was met, if it may be the peer and is not being tried. In this round its name may still be
 * unresolved. With `float` it may be anywhere, and is tried with the settings of the first remote.
 */
export function metIn(walk: Walk, transport: Transport, { family, address, port }: Endpoint): Candidate | undefined {
  const { round, config, ledger, floats } = walk
  const endpoint = { family, address, port }
  const known = remoteAt(round, config, transport, endpoint) ?? entryAt(ledger.last, transport, endpoint)?.remote.index
  if (known === undefined && !floats) return undefined
  const candidate: Candidate = { remote: known ?? 0, transport, ...endpoint, hops: [] }
  return round.flying.some((flight) => isSame(flight.candidate, candidate)) ? undefined : candidate
}

/** `kept`: it lived long enough to have been a success; otherwise the round goes on. */
export function takeLoss(now: Draft, at: number, why: Failure, kept: boolean): Draft {
  const { attempt, candidate } = heldIn(now.walk)
  const change = { round: { ...now.walk.round, held: null }, lost: kept ? candidate : null }
  const lost: Note = { type: 'attempt.lost', at, attempt, failure: why, kept }
  const after = step(now, change, [{ do: 'endAttempt', attempt }], lost)
  return kept ? after : step(after, {}, [{ do: 'tellResumed' }])
}
