/**
 * One round (R3, R4): resolves the remotes, paces the candidates, and holds the winner until it is lost.
 *
 * Law 1: an attempt is data in `round` plus one dialer actor by its number; nothing else stands for it.
 * Law 2: numbers are never reused; an event whose number is not in flight (or held) is dropped by its guard.
 * Law 3: no action closes a socket. A dialer's disposer does, when the dialer is stopped; until `attempt.accepted` with
 *        `release` the dialer owns it.
 * Law 4: `attempt.accepted` goes straight to the dialer, in a transition that leaves no state that owns it.
 *
 * Law 5: everything that happened is a note: folded into the ledger, and emitted.
 *
 * It may not know what a socket, a resolver or a clock is, nor what comes after the round: `client`, its parent, does.
 */
import { type EventObject, assertEvent, assign, enqueueActions, fromCallback, sendParent, setup } from 'xstate'
import type { DialerHears, DialerInput, DialerSays, ResolverInput, ResolverSays } from '../src/actors.ts'
import type { Candidate } from '../src/candidate.ts'
import type { Config, Remote } from '../src/config/schema.ts'
import { type Failure, type Stage, failure } from '../src/failure.ts'
import { type Ledger, type Note, record } from '../src/ledger.ts'
import { nextStep } from '../src/pacing.ts'
import {
  type Flight,
  type Lookup,
  type Round,
  answered,
  askedHost,
  bindingOf,
  climb,
  expand,
  isSpent,
  land,
  newRound,
  nextLookup,
  refOf,
  takeOff,
  unfitFailure,
  viewOf,
  win,
} from '../src/round.ts'

/** A connection that lived so long, ms, was a success: its loss starts a new round. */
const LONG_LIFE = 10_000
/** Between two look-ups of one name under `resolv-retry n`, ms (OpenVPN's figure). */
const LOOKUP_PAUSE = 5_000

export interface DialInput {
  readonly config: Config
  readonly seed: number
  /** Whether the winner's socket becomes the user's alone. */
  readonly release: boolean
  /** No connection was made yet: only now can a start fail for good. */
  readonly starting: boolean
  /** The candidate that was lost after a long life, to be tried first. */
  readonly first: Candidate | null
  readonly numbers: Numbers
  /** To be gone on with; it comes back with the output. */
  readonly ledger: Ledger
}

/** The last numbers that were given out. */
export interface Numbers {
  readonly query: number
  readonly attempt: number
}

export interface DialOutput {
  /** `lost`: the winner, after a long life. `refused`: the start failed for good (R6, `resolv-retry 0`). */
  readonly outcome: 'exhausted' | 'lost' | 'refused' | 'stopped'
  readonly numbers: Numbers
  readonly ledger: Ledger
  readonly lost: Candidate | null
  readonly failure: Failure | null
}

export type DialSays =
  | { readonly type: 'dial.won'; readonly attempt: number; readonly ledger: Ledger }
  /** The winner is gone, and the round goes on. */
  | { readonly type: 'dial.resumed' }

type Event = { readonly at: number } & (
  | { readonly type: 'start' }
  | { readonly type: 'stop' }
  | { readonly type: 'reject'; readonly attempt: number; readonly reason: string }
  | { readonly type: 'next' }
  | ResolverSays
  | DialerSays
  | { readonly type: 'query.timedOut'; readonly query: number }
  | { readonly type: 'query.again'; readonly query: number }
  | { readonly type: 'attempt.timedOut'; readonly attempt: number }
  | { readonly type: 'pace.elapsed' }
)

/** Of an event that moves an attempt, or does not. */
type About = { readonly at: number; readonly attempt?: number }

export interface DialContext extends DialInput {
  readonly round: Round
  /** The look-up under way. `since`: when its name was first asked for. `failed`: it has, and waits to be repeated. */
  readonly lookup: (Lookup & { readonly query: number; readonly since: number; readonly failed: boolean }) | null
  /** A timer of the pacing policy runs. */
  readonly waking: boolean
  readonly stopped: boolean
  readonly lost: Candidate | null
  /** Why the start fails for good. */
  readonly refusal: Failure | null
  /** What the last step starts, ends and says; `carryOut` does it. */
  readonly effects: readonly Effect[]
}

type Effect =
  | { readonly do: 'note'; readonly note: Note }
  | { readonly do: 'ask'; readonly input: ResolverInput; readonly timeout: number }
  | { readonly do: 'askLater'; readonly query: number }
  | { readonly do: 'endQuery'; readonly query: number }
  | { readonly do: 'dial'; readonly input: DialerInput; readonly deadline: number }
  | { readonly do: 'accept'; readonly attempt: number }
  | { readonly do: 'tell'; readonly event: DialSays }
  | { readonly do: 'endAttempt'; readonly attempt: number }
  | { readonly do: 'wake'; readonly ms: number }
  | { readonly do: 'sleep' }

const resolver = fromCallback<EventObject, ResolverInput>(() => {
  throw new Error('provide the resolver actor')
})
const dialer = fromCallback<DialerHears, DialerInput>(() => {
  throw new Error('provide the dialer actor')
})

const flightOf = ({ round }: DialContext, { attempt }: About): Flight | undefined =>
  round.flying.find((flight) => flight.attempt === attempt)

// What a guard has seen to be there.
const flyingIn = (context: DialContext, event: About) => flightOf(context, event) as Flight
const lookupIn = ({ lookup }: DialContext) => lookup as NonNullable<DialContext['lookup']>
const heldIn = ({ round }: DialContext) => round.held as NonNullable<Round['held']>

const remoteOf = ({ config }: DialContext, { remote }: Candidate): Remote => config.remotes[remote] as Remote

/** Why an event ends what was at `stage`. */
function causeOf(event: Event, stage: Stage): Failure {
  switch (event.type) {
    case 'attempt.failed':
    case 'attempt.lost':
    case 'resolver.failed':
      return event.failure
    case 'attempt.timedOut':
      return failure('TIMEOUT', stage)
    case 'query.timedOut':
      return failure('RESOLVE_TIMEOUT', stage)
    case 'reject':
      return failure('REJECTED', stage, event.reason)
    default:
      return failure('NEXT', stage)
  }
}

// The steps: each takes the context to the next one, and leaves what is to be done in `effects`.

function step(
  context: DialContext,
  change: Partial<DialContext>,
  effects: readonly Effect[],
  ...notes: readonly Note[]
): DialContext {
  return {
    ...context,
    ...change,
    effects: [...context.effects, ...effects, ...notes.map((note) => ({ do: 'note', note }) as const)],
    ledger: notes.reduce(record, context.ledger),
  }
}

/** Asks the policy until it says `wait`: the only place that starts anything. */
function proceed(context: DialContext, at: number): DialContext {
  for (let now = context; ;) {
    const { config, round, lookup, refusal } = now
    if (refusal) return now
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
function wakeIn(context: DialContext, ms: number | null): DialContext {
  const before: Effect[] = context.waking ? [{ do: 'sleep' }] : []
  if (ms === null) return step(context, { waking: false }, before)
  return step(context, { waking: true }, [...before, { do: 'wake', ms }])
}

/** `since`: a repeated look-up keeps the time of its first. */
function ask(context: DialContext, at: number, lookup: Lookup, since = at): DialContext {
  const { config, seed, numbers } = context
  const query = numbers.query + 1
  const { transport, families } = lookup
  const host = askedHost(lookup, config, seed, query)
  return step(
    context,
    { numbers: { ...numbers, query }, lookup: { ...lookup, query, since, failed: false } },
    [{ do: 'ask', input: { query, host, transport, families }, timeout: config.resolveTimeout }],
    { type: 'query.started', at, query, remote: refOf(config, lookup.remote), host, families },
  )
}

function takeAnswer(context: DialContext, at: number, addresses: readonly string[]): DialContext {
  const { round } = context
  const lookup = lookupIn(context)
  if (addresses.length === 0) return takeLookupFailure(context, at, failure('NO_ADDRESS', 'resolve'), false)
  const { query } = lookup
  return step(context, { lookup: null, round: answered(round, lookup, { addresses }) }, [{ do: 'endQuery', query }], {
    type: 'query.answered',
    at,
    query,
    addresses,
  })
}

/** `repeat`: the name is asked for again, after a pause. */
function takeLookupFailure(context: DialContext, at: number, why: Failure, repeat: boolean): DialContext {
  const { config, round, starting } = context
  const lookup = lookupIn(context)
  const { query } = lookup
  const told: Note = { type: 'query.failed', at, query, remote: refOf(config, lookup.remote), failure: why }
  if (repeat)
    return step(
      context,
      { lookup: { ...lookup, failed: true } },
      [
        { do: 'endQuery', query },
        { do: 'askLater', query },
      ],
      told,
    )
  const ended = step(
    context,
    { lookup: null, round: answered(round, lookup, { failure: why }) },
    [{ do: 'endQuery', query }],
    // What waits to be repeated was told when it failed.
    ...(lookup.failed ? [] : [told]),
  )
  const final = config.resolvRetry === 0 && starting && why.code !== 'NEXT'
  return final ? refuse(ended, at, { ...why, message: `${lookup.host}: ${why.message}` }) : ended
}

/** The start fails for good, and what still flies is ended with it. */
function refuse(context: DialContext, at: number, why: Failure): DialContext {
  return cancel(step(context, { refusal: why }, []), at, context.round.flying, 'the start failed')
}

function cancel(context: DialContext, at: number, flights: readonly Flight[], because: string): DialContext {
  const notes = flights.map(({ attempt, stage }): Note => {
    return { type: 'attempt.cancelled', at, attempt, failure: failure('CANCELLED', stage, because) }
  })
  return step(
    context,
    {},
    flights.map(({ attempt }) => ({ do: 'endAttempt', attempt })),
    ...notes,
  )
}

function takeRemote(context: DialContext, at: number): DialContext {
  const { config, round } = context
  const item = round.agenda[round.cursor] as Round['agenda'][number]
  const remote = refOf(config, item.remote)
  const expanded = expand(round, config)
  const skipped = expanded.skipped.map((skip): Note => ({ type: 'candidate.skipped', at, remote, ...skip }))
  return step(context, { round: expanded.round }, [], ...skipped)
}

function startAttempt(context: DialContext, at: number): DialContext {
  const { config, numbers } = context
  const attempt = numbers.attempt + 1
  const { round, flight } = takeOff(context.round, attempt, at)
  const { candidate } = flight
  const { confirm: confirmation, connectTimeout: deadline } = remoteOf(context, candidate)
  const input = { attempt, candidate, local: bindingOf(round, config, candidate), confirmation }
  return step(context, { round, numbers: { ...numbers, attempt } }, [{ do: 'dial', input, deadline }], {
    type: 'attempt.started',
    at,
    attempt,
    remote: refOf(config, candidate.remote),
    candidate,
  })
}

function acceptWinner(context: DialContext, at: number, winner: Flight, confirmed: boolean): DialContext {
  const { round, lookup } = context
  const { attempt } = winner
  const losers = round.flying.filter((flight) => flight.attempt !== attempt)
  const effects: Effect[] = [
    { do: 'accept', attempt },
    ...(lookup ? [{ do: 'endQuery', query: lookup.query } as const] : []),
  ]
  const change = { round: win(round, attempt, at, confirmed), lookup: null, starting: false }
  const won = step(wakeIn(context, null), change, effects, { type: 'attempt.won', at, attempt, confirmed })
  const alone = cancel(won, at, losers, `attempt ${attempt} won`)
  return step(alone, {}, [{ do: 'tell', event: { type: 'dial.won', attempt, ledger: alone.ledger } }])
}

function takeFailure(context: DialContext, at: number, { attempt }: Flight, why: Failure): DialContext {
  const round = land(context.round, attempt)
  return step(context, { round }, [{ do: 'endAttempt', attempt }], {
    type: 'attempt.failed',
    at,
    attempt,
    failure: why,
  })
}

/** What is in flight fails; with nothing in flight, the look-up does. */
function abandon(context: DialContext, at: number): DialContext {
  const { flying } = context.round
  if (flying.length === 0) return takeLookupFailure(context, at, failure('NEXT', 'resolve'), false)
  return flying.reduce((now, flight) => takeFailure(now, at, flight, failure('NEXT', flight.stage)), context)
}

/** `kept`: it lived long enough to have been a success; otherwise the round goes on. */
function takeLoss(context: DialContext, at: number, why: Failure, kept: boolean): DialContext {
  const { round } = context
  const { attempt, candidate } = heldIn(context)
  const change = { round: { ...round, held: null }, lost: kept ? candidate : null }
  const lost: Note = { type: 'attempt.lost', at, attempt, failure: why, kept }
  const after = step(context, change, [{ do: 'endAttempt', attempt }], lost)
  return kept ? after : step(after, {}, [{ do: 'tell', event: { type: 'dial.resumed' } }])
}

function takeProgress(context: DialContext, event: Event): DialContext {
  assertEvent(event, ['attempt.opened', 'attempt.connected', 'attempt.negotiated', 'attempt.confirmed'])
  switch (event.type) {
    case 'attempt.opened':
      return step(context, { round: climb(context.round, event.attempt, 'connect') }, [], event)
    case 'attempt.connected':
      return step(context, { round: climb(context.round, event.attempt, 'confirm') }, [], event)
    case 'attempt.negotiated':
    case 'attempt.confirmed':
      return step(context, {}, [], event)
  }
}

// The door stamps an event when it arrives; a delayed one when it is due.
const STAMPED_LATER = { at: Number.NaN }

/** The first step after an event: the effects of the last one have been carried out. */
const first = (take: (context: DialContext, event: Event) => DialContext) =>
  assign<DialContext, Event, undefined, Event, never>(({ context, event }) => take({ ...context, effects: [] }, event))

export const dialMachine = setup({
  types: {
    context: {} as DialContext,
    events: {} as Event,
    input: {} as DialInput,
    output: {} as DialOutput,
    emitted: {} as Note,
  },
  actors: { resolver, dialer },
  actions: {
    begin: first((context) => ({ ...context, round: newRound(context.config, context.seed, context.first) })),
    takeAnswer: first((context, event) => {
      assertEvent(event, 'resolver.answered')
      return takeAnswer(context, event.at, event.addresses)
    }),
    takeLookupFailure: first((context, event) =>
      takeLookupFailure(context, event.at, causeOf(event, 'resolve'), false),
    ),
    repeatLookupLater: first((context, event) => takeLookupFailure(context, event.at, causeOf(event, 'resolve'), true)),
    repeatLookup: first((context, event) => {
      const lookup = lookupIn(context)
      return ask(context, event.at, lookup, lookup.since)
    }),
    takeProgress: first(takeProgress),
    acceptWinner: first((context, event) => {
      const confirmed = event.type === 'attempt.confirmed'
      return acceptWinner(takeProgress(context, event), event.at, flyingIn(context, event), confirmed)
    }),
    takeFailure: first((context, event) => {
      const flight = flyingIn(context, event)
      return takeFailure(context, event.at, flight, causeOf(event, flight.stage))
    }),
    abandon: first((context, event) => abandon(context, event.at)),
    takeLoss: first((context, event) => takeLoss(context, event.at, causeOf(event, 'connected'), false)),
    takeLateLoss: first((context, event) => takeLoss(context, event.at, causeOf(event, 'connected'), true)),
    takeStop: first((context) => ({ ...context, stopped: true })),
    /** Nothing more to do: a held connection keeps nothing that it does not need. */
    rest: first((context) => context),
    wake: first((context) => ({ ...context, waking: false })),

    proceed: assign(({ context, event }) => proceed(context, event.at)),
    carryOut: enqueueActions(({ context, enqueue }) => {
      for (const effect of context.effects)
        switch (effect.do) {
          case 'note':
            enqueue.emit(effect.note)
            break
          case 'tell':
            enqueue(sendParent(effect.event))
            break
          case 'ask': {
            const { query } = effect.input
            enqueue.spawnChild('resolver', { id: `resolve.${query}`, input: effect.input })
            const timedOut = { type: 'query.timedOut', query, ...STAMPED_LATER } as const
            enqueue.raise(timedOut, { id: `timeout.${query}`, delay: effect.timeout })
            break
          }
          case 'askLater': {
            const again = { type: 'query.again', query: effect.query, ...STAMPED_LATER } as const
            enqueue.raise(again, { id: `again.${effect.query}`, delay: LOOKUP_PAUSE })
            break
          }
          case 'endQuery':
            enqueue.stopChild(`resolve.${effect.query}`)
            enqueue.cancel(`timeout.${effect.query}`)
            enqueue.cancel(`again.${effect.query}`)
            break
          case 'dial': {
            const { attempt } = effect.input
            enqueue.spawnChild('dialer', { id: `dialer.${attempt}`, input: effect.input })
            const timedOut = { type: 'attempt.timedOut', attempt, ...STAMPED_LATER } as const
            enqueue.raise(timedOut, { id: `deadline.${attempt}`, delay: effect.deadline })
            break
          }
          case 'accept': {
            const { attempt } = effect
            enqueue.sendTo(`dialer.${attempt}`, { type: 'attempt.accepted', attempt, release: context.release })
            enqueue.cancel(`deadline.${attempt}`)
            break
          }
          case 'endAttempt':
            enqueue.stopChild(`dialer.${effect.attempt}`)
            enqueue.cancel(`deadline.${effect.attempt}`)
            break
          case 'wake':
            enqueue.raise({ type: 'pace.elapsed', ...STAMPED_LATER }, { id: 'pace', delay: effect.ms })
            break
          case 'sleep':
            enqueue.cancel('pace')
            break
        }
    }),
  },
  guards: {
    isCurrentQuery: ({ context, event }) => 'query' in event && context.lookup?.query === event.query,
    isRepeatable: ({ context: { config, lookup }, event }) =>
      lookup !== null &&
      'query' in event &&
      lookup.query === event.query &&
      typeof config.resolvRetry === 'number' &&
      event.at + LOOKUP_PAUSE - lookup.since <= config.resolvRetry,
    isFlying: ({ context, event }) => flightOf(context, event) !== undefined,
    /** The last thing that was asked of the candidate: without a confirmation, connecting is enough. */
    isReady: ({ context, event }) => {
      const flight = flightOf(context, event)
      if (!flight) return false
      return event.type === 'attempt.confirmed' || remoteOf(context, flight.candidate).confirm.kind === 'none'
    },
    isHeld: ({ context, event }) => 'attempt' in event && context.round.held?.attempt === event.attempt,
    /** A refusal of an unconfirmed candidate shows that it never worked, however late it comes. */
    isLongLived: ({ context: { round }, event }) => {
      if (!round.held || event.type !== 'attempt.lost' || event.attempt !== round.held.attempt) return false
      const neverWorked = !round.held.confirmed && round.held.candidate.transport === 'udp'
      return event.at - round.held.since >= LONG_LIFE && !(neverWorked && event.failure.code === 'ECONNREFUSED')
    },
    isSpent: ({ context }) => isSpent(context.round, context.lookup !== null),
    isRefused: ({ context }) => {
      const { round, lookup, starting, refusal } = context
      if (refusal) return true
      return starting && isSpent(round, lookup !== null) && unfitFailure(round) !== undefined
    },
  },
}).createMachine({
  id: 'dial',
  context: ({ input }) => ({
    ...input,
    round: newRound(input.config, input.seed, null),
    lookup: null,
    waking: false,
    stopped: false,
    lost: null,
    refusal: null,
    effects: [],
  }),
  initial: 'idle',
  on: { stop: { target: '.stopped', actions: 'takeStop' } },
  states: {
    idle: { on: { start: { target: 'dialing', actions: ['begin', 'proceed', 'carryOut'] } } },
    dialing: {
      always: [
        { guard: 'isRefused', target: 'refused' },
        { guard: 'isSpent', target: 'exhausted' },
      ],
      on: {
        'resolver.answered': { guard: 'isCurrentQuery', actions: ['takeAnswer', 'proceed', 'carryOut'] },
        'resolver.failed': [
          { guard: 'isRepeatable', actions: ['repeatLookupLater', 'carryOut'] },
          { guard: 'isCurrentQuery', actions: ['takeLookupFailure', 'proceed', 'carryOut'] },
        ],
        'query.timedOut': [
          { guard: 'isRepeatable', actions: ['repeatLookupLater', 'carryOut'] },
          { guard: 'isCurrentQuery', actions: ['takeLookupFailure', 'proceed', 'carryOut'] },
        ],
        'query.again': { guard: 'isCurrentQuery', actions: ['repeatLookup', 'carryOut'] },
        'attempt.opened': { guard: 'isFlying', actions: ['takeProgress', 'carryOut'] },
        'attempt.connected': [
          { guard: 'isReady', target: 'holding', actions: ['acceptWinner', 'carryOut', 'rest'] },
          { guard: 'isFlying', actions: ['takeProgress', 'carryOut'] },
        ],
        'attempt.negotiated': { guard: 'isFlying', actions: ['takeProgress', 'carryOut'] },
        'attempt.confirmed': {
          guard: 'isReady',
          target: 'holding',
          actions: ['acceptWinner', 'carryOut', 'rest'],
        },
        'attempt.failed': { guard: 'isFlying', actions: ['takeFailure', 'proceed', 'carryOut'] },
        'attempt.timedOut': { guard: 'isFlying', actions: ['takeFailure', 'proceed', 'carryOut'] },
        'pace.elapsed': { actions: ['wake', 'proceed', 'carryOut'] },
        next: { actions: ['abandon', 'proceed', 'carryOut'] },
      },
    },
    holding: {
      on: {
        'attempt.lost': [
          { guard: 'isLongLived', target: 'lost', actions: ['takeLateLoss', 'carryOut'] },
          {
            guard: 'isHeld',
            target: 'dialing',
            actions: ['takeLoss', 'proceed', 'carryOut'],
          },
        ],
        // A dialer says `lost` of what was accepted; one that does not know yet may say `failed`.
        'attempt.failed': { guard: 'isHeld', target: 'dialing', actions: ['takeLoss', 'proceed', 'carryOut'] },
        reject: {
          guard: 'isHeld',
          target: 'dialing',
          actions: ['takeLoss', 'proceed', 'carryOut'],
        },
        next: {
          target: 'dialing',
          actions: ['takeLoss', 'proceed', 'carryOut'],
        },
      },
    },
    stopped: { type: 'final' },
    refused: { type: 'final' },
    exhausted: { type: 'final' },
    lost: { type: 'final' },
  },
  output: ({ context: { stopped, numbers, lost, refusal, round, starting, ledger } }) => {
    const why = refusal ?? (starting ? (unfitFailure(round) ?? null) : null)
    const outcome = stopped ? 'stopped' : lost ? 'lost' : why ? 'refused' : 'exhausted'
    return { outcome, numbers, lost, failure: why, ledger } as const
  },
  options: { maxIterations: 5000 },
})

/** What `dial` has to be given: the actors of `src/actors.ts`. */
export interface DialActors {
  readonly resolver: typeof resolver
  readonly dialer: typeof dialer
}
