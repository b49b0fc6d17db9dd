/**
 * One round (R3, R4): resolves the remotes, paces the candidates, and holds the winner until it is lost.
 *
 * Law 1: an attempt is data in `round` plus one dialer actor by its number; nothing else stands for it.
 * Law 2: numbers are never reused; an event whose number is not in flight (or held) is dropped by its guard.
 * Law 3: no action closes a socket. A dialer's disposer does, when the dialer is stopped; until `attempt.accepted` with
 *        `release` the dialer owns it.
 * Law 4: `attempt.accepted` goes straight to the dialer, in a transition that leaves no state that owns it.
 * Law 5: an action is one step of `src/walk.ts`, and `carryOut` does what it leaves behind: nothing else spawns, stops,
 *        times, tells or emits. Everything that happened is a note, in the ledger and emitted.
 *
 * It may not know what a socket, a resolver or a clock is, nor what comes after the round: `client`, its parent, does.
 */
import { type EventObject, assertEvent, enqueueActions, fromCallback, sendParent, setup } from 'xstate'
import type { DialerHears, DialerInput, DialerSays, ResolverInput, ResolverSays } from '../src/actors.ts'
import type { Candidate } from '../src/candidate.ts'
import { together } from '../src/contain.ts'
import { type Failure, type Spot, failureAt } from '../src/failure.ts'
import type { Meet } from '../src/junction.ts'
import type { Ledger, Note } from '../src/ledger.ts'
import { type Flight, isSpent, unfitFailure } from '../src/round.ts'
import {
  type Draft,
  type Numbers,
  type Walk,
  type WalkInput,
  abandon,
  acceptWinner,
  flightOf,
  newWalk,
  postponeLookup,
  proceed,
  remoteOf,
  metIn,
  repeatLookup,
  takeAnswer,
  takeFailure,
  takeLookupFailure,
  takeLoss,
  takeMet,
  takeProgress,
} from '../src/walk.ts'

/** A connection that lived so long, ms, was a success: its loss starts a new round. */
const LONG_LIFE = 10_000
/** Between two look-ups of one name under `resolv-retry n`, ms (OpenVPN's figure). */
const LOOKUP_PAUSE = 5_000

export type DialInput = WalkInput

export interface DialOutput {
  /** `lost`: the winner, after a long life. `fatal`: the start failed for good (R6, `resolv-retry 0`). */
  readonly outcome: 'exhausted' | 'lost' | 'fatal' | 'stopped'
  readonly numbers: Numbers
  readonly ledger: Ledger
  readonly lost: Candidate | null
  readonly failure: Failure | null
}

/** What it tells its parent. */
export type DialSays =
  | { readonly type: 'dial.won'; readonly attempt: number; readonly ledger: Ledger }
  /** The winner is gone, and the round goes on. */
  | { readonly type: 'dial.resumed' }

type Event = { readonly at: number } & (
  | { readonly type: 'start' }
  | { readonly type: 'stop' }
  | { readonly type: 'reject'; readonly attempt: number; readonly reason: string }
  | { readonly type: 'next' }
  | Meet
  | ResolverSays
  | DialerSays
  | { readonly type: 'query.timedOut'; readonly query: number }
  | { readonly type: 'query.again'; readonly query: number }
  | { readonly type: 'attempt.timedOut'; readonly attempt: number }
  | { readonly type: 'pace.elapsed' }
)

const resolver = fromCallback<EventObject, ResolverInput>(() => {
  throw new Error('provide the resolver actor')
})
const dialer = fromCallback<DialerHears, DialerInput>(() => {
  throw new Error('provide the dialer actor')
})

/** What `dial` has to be given: the actors of `src/actors.ts`. */
export interface DialActors {
  readonly resolver: typeof resolver
  readonly dialer: typeof dialer
}

/** The attempt in flight that an event is about, if it is about one. */
const flyingFor = (walk: Walk, { attempt }: { readonly at: number; readonly attempt?: number }): Flight | undefined =>
  flightOf(walk, attempt)

const RESOLVING: Spot = { stage: 'resolve', hop: null }
const CONNECTED: Spot = { stage: 'connected', hop: null }

/** Why an event ends what was at `spot`. */
function causeOf(event: Event, spot: Spot): Failure {
  switch (event.type) {
    case 'attempt.failed':
    case 'attempt.lost':
    case 'resolver.failed':
      return event.failure
    case 'attempt.timedOut':
      return failureAt('TIMEOUT', spot)
    case 'query.timedOut':
      return failureAt('RESOLVE_TIMEOUT', spot)
    case 'reject':
      return failureAt('REJECTED', spot, event.reason)
    default:
      return failureAt('NEXT', spot)
  }
}

// The door stamps an event when it arrives; a delayed one when it is due.
const STAMPED_LATER = { at: Number.NaN }

type Provided =
  | { src: 'resolver'; logic: typeof resolver; id: string | undefined }
  | { src: 'dialer'; logic: typeof dialer; id: string | undefined }

/** An action: one step of the walk, carried out. */
const carryOut = (step: (draft: Draft, event: Event) => Draft) =>
  enqueueActions<Walk, Event, undefined, Event, Provided, never, never, never, Note>(({ context, event, enqueue }) => {
    const { walk, effects } = step({ walk: context, effects: [] }, event)
    enqueue.assign(() => walk)
    const notes = effects.flatMap((effect) => (effect.do === 'note' ? [effect.note] : []))
    if (notes.length > 0) enqueue.emit(together(notes))
    for (const effect of effects)
      switch (effect.do) {
        case 'note':
          break // told already, with all others
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
          enqueue.sendTo(`dialer.${attempt}`, { type: 'attempt.accepted', attempt, release: walk.release })
          enqueue.cancel(`deadline.${attempt}`)
          break
        }
        case 'endAttempt':
          enqueue.stopChild(`dialer.${effect.attempt}`)
          enqueue.cancel(`deadline.${effect.attempt}`)
          break
        case 'tellWon':
          enqueue(sendParent({ type: 'dial.won', attempt: effect.attempt, ledger: walk.ledger } satisfies DialSays))
          break
        case 'tellResumed':
          enqueue(sendParent({ type: 'dial.resumed' } satisfies DialSays))
          break
        case 'wake':
          enqueue.raise({ type: 'pace.elapsed', ...STAMPED_LATER }, { id: 'pace', delay: effect.ms })
          break
        case 'sleep':
          enqueue.cancel('pace')
          break
      }
  })

/** The same, and then whatever the pacing policy wants next. */
const carryOn = (step: (draft: Draft, event: Event) => Draft) =>
  carryOut((draft, event) => proceed(step(draft, event), event.at))

export const dialMachine = setup({
  types: {
    context: {} as Walk,
    events: {} as Event,
    input: {} as DialInput,
    output: {} as DialOutput,
    emitted: {} as Note,
  },
  actors: { resolver, dialer },
  actions: {
    begin: carryOn((draft) => draft),
    wake: carryOn(({ walk, effects }) => ({ walk: { ...walk, waking: false }, effects })),
    takeAnswer: carryOn((draft, event) => {
      assertEvent(event, 'resolver.answered')
      return takeAnswer(draft, event.at, event.addresses)
    }),
    takeLookupFailure: carryOn((draft, event) => takeLookupFailure(draft, event.at, causeOf(event, RESOLVING))),
    postponeLookup: carryOut((draft, event) => postponeLookup(draft, event.at, causeOf(event, RESOLVING))),
    repeatLookup: carryOut((draft, event) => repeatLookup(draft, event.at)),
    takeProgress: carryOut((draft, event) => {
      assertEvent(event, ['attempt.opened', 'attempt.connected', 'attempt.negotiated'])
      return takeProgress(draft, event)
    }),
    acceptWinner: carryOut((draft, event) => {
      assertEvent(event, ['attempt.connected', 'attempt.negotiated', 'attempt.confirmed'])
      return acceptWinner(draft, event)
    }),
    takeFailure: carryOn((draft, event) => {
      const flight = flyingFor(draft.walk, event) as Flight
      return takeFailure(draft, event.at, flight.attempt, causeOf(event, flight))
    }),
    abandon: carryOn((draft, event) => abandon(draft, event.at)),
    takeLoss: carryOn((draft, event) => takeLoss(draft, event.at, causeOf(event, CONNECTED), false)),
    takeLateLoss: carryOut((draft, event) => takeLoss(draft, event.at, causeOf(event, CONNECTED), true)),
    takeMet: carryOn((draft, event) => {
      assertEvent(event, 'peer.met')
      return takeMet(draft, event)
    }),
    takeStop: carryOut(({ walk, effects }) => ({ walk: { ...walk, stopped: true }, effects })),
  },
  guards: {
    isCurrentQuery: ({ context, event }) => 'query' in event && context.lookup?.query === event.query,
    isRepeatable: ({ context: { config, lookup }, event }) =>
      lookup !== null &&
      'query' in event &&
      lookup.query === event.query &&
      typeof config.resolvRetry === 'number' &&
      event.at + LOOKUP_PAUSE - lookup.since <= config.resolvRetry,
    isFlying: ({ context, event }) => flyingFor(context, event) !== undefined,
    /** The last thing that was asked of the candidate: without a confirmation, getting through to it is enough. */
    isReady: ({ context, event }) => {
      const flight = flyingFor(context, event)
      if (!flight) return false
      if (event.type === 'attempt.confirmed') return true
      const { hops, confirm } = remoteOf(context, flight.candidate)
      const passed = event.type === 'attempt.negotiated' ? event.hop : 0
      return confirm.kind === 'none' && passed === hops.length
    },
    isHeld: ({ context, event }) => 'attempt' in event && context.round.held?.attempt === event.attempt,
    /** A refusal of an unconfirmed candidate shows that it never worked, however late it comes. */
    isLongLived: ({ context: { round }, event }) => {
      if (!round.held || event.type !== 'attempt.lost' || event.attempt !== round.held.attempt) return false
      const neverWorked = !round.held.confirmed && round.held.candidate.transport === 'udp'
      return event.at - round.held.since >= LONG_LIFE && !(neverWorked && event.failure.code === 'ECONNREFUSED')
    },
    isMet: ({ context, event }) =>
      event.type === 'peer.met' && metIn(context, event.transport, event.remote) !== undefined,
    isSpent: ({ context }) => isSpent(context.round, context.lookup !== null),
    isFatal: ({ context: { round, lookup, starting, fatal } }) => {
      if (fatal) return true
      return starting && isSpent(round, lookup !== null) && unfitFailure(round) !== undefined
    },
  },
}).createMachine({
  id: 'dial',
  context: ({ input }) => newWalk(input),
  initial: 'idle',
  on: { stop: { target: '.stopped', actions: 'takeStop' } },
  states: {
    idle: { on: { start: { target: 'dialing', actions: 'begin' } } },
    dialing: {
      always: [
        { guard: 'isFatal', target: 'fatal' },
        { guard: 'isSpent', target: 'exhausted' },
      ],
      on: {
        'resolver.answered': { guard: 'isCurrentQuery', actions: 'takeAnswer' },
        'resolver.failed': [
          { guard: 'isRepeatable', actions: 'postponeLookup' },
          { guard: 'isCurrentQuery', actions: 'takeLookupFailure' },
        ],
        'query.timedOut': [
          { guard: 'isRepeatable', actions: 'postponeLookup' },
          { guard: 'isCurrentQuery', actions: 'takeLookupFailure' },
        ],
        'query.again': { guard: 'isCurrentQuery', actions: 'repeatLookup' },
        'attempt.opened': { guard: 'isFlying', actions: 'takeProgress' },
        'attempt.connected': [
          { guard: 'isReady', target: 'holding', actions: 'acceptWinner' },
          { guard: 'isFlying', actions: 'takeProgress' },
        ],
        'attempt.negotiated': [
          { guard: 'isReady', target: 'holding', actions: 'acceptWinner' },
          { guard: 'isFlying', actions: 'takeProgress' },
        ],
        'attempt.confirmed': { guard: 'isReady', target: 'holding', actions: 'acceptWinner' },
        'attempt.failed': { guard: 'isFlying', actions: 'takeFailure' },
        'attempt.timedOut': { guard: 'isFlying', actions: 'takeFailure' },
        'pace.elapsed': { actions: 'wake' },
        'peer.met': { guard: 'isMet', actions: 'takeMet' },
        next: { actions: 'abandon' },
      },
    },
    holding: {
      on: {
        'attempt.lost': [
          { guard: 'isLongLived', target: 'lost', actions: 'takeLateLoss' },
          { guard: 'isHeld', target: 'dialing', actions: 'takeLoss' },
        ],
        // A dialer says `lost` of what was accepted; one that does not know yet may say `failed`.
        'attempt.failed': { guard: 'isHeld', target: 'dialing', actions: 'takeLoss' },
        reject: { guard: 'isHeld', target: 'dialing', actions: 'takeLoss' },
        next: { target: 'dialing', actions: 'takeLoss' },
      },
    },
    lost: { type: 'final' },
    exhausted: { type: 'final' },
    fatal: { type: 'final' },
    stopped: { type: 'final' },
  },
  output: ({ context: { stopped, numbers, lost, fatal, round, starting, ledger } }) => {
    const why = fatal ?? (starting ? (unfitFailure(round) ?? null) : null)
    const outcome = stopped ? 'stopped' : lost ? 'lost' : why ? 'fatal' : 'exhausted'
    return { outcome, numbers, lost, failure: why, ledger } as const
  },
  options: { maxIterations: 5000 },
})
