/**
 * The life of a tcp or udp client around its rounds: dialing, connected, backing off, until it is stopped, gives up, or
 * has handed its socket over for good.
 *
 * Law 1: a pause stands between rounds only. A connection that lived 10 s is followed by a new round at once.
 * Law 2: `dial` is invoked by `active` and never left by a hand-over, so the winner's dialer lives on below it.
 * Law 3: everything that happened is a note: folded into the ledger, and emitted. While `dial` lives it keeps the
 *        ledger (`ledgerOf`); it is handed over with each round.
 *
 * It may not know what a socket, a resolver or a clock is. It owns no socket: dialers do, below `dial`.
 */
import { assertEvent, assign, enqueueActions, type SnapshotFrom, sendTo, setup } from 'xstate'
import { pauseAfter } from '../src/backoff.ts'
import type { Candidate } from '../src/candidate.ts'
import type { ClientConfig } from '../src/config/schema.ts'
import { type Contained, contain } from '../src/contain.ts'
import { type Failure, failure } from '../src/failure.ts'
import type { Meet } from '../src/junction.ts'
import { EMPTY_LEDGER, type Ledger, type Note, entryAt, headlineOf, record } from '../src/ledger.ts'
import type { Numbers } from '../src/walk.ts'
import { type DialActors, type DialOutput, type DialSays, dialMachine } from './dial.ts'

export interface ClientInput {
  readonly config: ClientConfig
  /** Everything that chance decides; 32 bits. */
  readonly seed: number
  /** `true`: hand the first winner over and end (`connect()`). `false`: hold it and live on (`createClient`). */
  readonly release: boolean
  /** Of a peer with `float`: it may come from where nobody looked for it. */
  readonly floats?: boolean
  /** What went before within this root, to be gone on with. */
  readonly before?: Before
}

/** Numbers are never reused within a root, and its ledger is one. */
export interface Before {
  readonly numbers: Numbers
  readonly ledger: Ledger
  readonly first: Candidate | null
}

export interface ClientOutput {
  readonly outcome: 'released' | 'failed' | 'stopped'
  /** The winner that was handed over. */
  readonly attempt: number | null
  readonly failure: Failure | null
  readonly numbers: Numbers
  readonly ledger: Ledger
}

type Event = { readonly at: number } & (
  | { readonly type: 'start' }
  | { readonly type: 'stop' }
  /** The program does not want the connection: TLS failed, not authorised, its own ping was lost. */
  | { readonly type: 'reject'; readonly attempt: number; readonly reason: string }
  /** The operator wants the next candidate; while backing off, the next round. */
  | { readonly type: 'next' }
  /** The host watches its interfaces; a change ends a pause. */
  | { readonly type: 'network.changed' }
  /** A peer was met. */
  | Meet
  | DialSays
)

export interface ClientContext extends Omit<ClientInput, 'before'> {
  readonly floats: boolean
  readonly round: number
  /** Failed rounds in a row. */
  readonly failed: number
  readonly starting: boolean
  readonly first: Candidate | null
  readonly numbers: Numbers
  readonly attempt: number | null
  readonly failure: Failure | null
  readonly ledger: Ledger
}

const NOTHING_BEFORE: Before = { numbers: { query: 0, attempt: 0 }, ledger: EMPTY_LEDGER, first: null }

const NEXT = { type: 'next' } as const

const outputOf = (event: unknown): DialOutput => (event as { readonly output: DialOutput }).output

/** What a client that gave up says: how often it tried, and the first thing that went wrong. */
function exhausted({ failed, ledger }: ClientContext): Failure {
  const rounds = failed === 1 ? 'one round' : `${failed} rounds`
  // A round that failed has an entry that says why.
  const { stage, message } = headlineOf(ledger) as Failure
  const what = stage === 'connected' ? 'no connection lasted' : 'nothing could be connected'
  return failure('EXHAUSTED', 'plan', `${what} in ${rounds}: ${message}`)
}

const pauseOf = ({ context: { config, failed, seed } }: { readonly context: ClientContext }): number =>
  pauseAfter(config.connectRetry, failed, seed)

interface Step {
  readonly context: ClientContext
  readonly event: Event
  readonly enqueue: {
    readonly assign: (change: { readonly ledger: Ledger }) => void
    readonly emit: (note: Note) => void
  }
}

/** The one way into the ledger, and out to whoever listens. */
function keep({ context, enqueue }: Step, notes: readonly Note[]): void {
  enqueue.assign({ ledger: notes.reduce(record, context.ledger) })
  for (const note of notes) enqueue.emit(note)
}

const roundNote = ({ context, event }: Step, type: 'round.started' | 'round.failed' | 'round.ended'): Note => {
  return { type, at: event.at, round: context.round }
}

export const clientMachine = setup({
  types: {
    context: {} as ClientContext,
    events: {} as Event,
    input: {} as ClientInput,
    output: {} as ClientOutput,
    emitted: {} as Note,
    children: {} as { dial: 'dial' },
  },
  actors: { dial: contain(dialMachine) },
  actions: {
    beginRound: assign(({ context }) => ({ round: context.round + 1 })),
    startDial: sendTo('dial', { type: 'start' }),
    passOn: sendTo('dial', ({ event }) =>
      event.type === 'reject' || event.type === 'stop' || event.type === 'peer.met' ? event : NEXT,
    ),

    takeWinner: assign(({ event }) => {
      assertEvent(event, 'dial.won')
      return { attempt: event.attempt, starting: false, ledger: event.ledger }
    }),
    takeOver: assign(({ event }) => ({ numbers: outputOf(event).numbers, ledger: outputOf(event).ledger })),
    takeSuccess: assign(({ event }) => ({ failed: 0, first: outputOf(event).lost })),
    takeFailure: assign(({ context }) => ({ failed: context.failed + 1, first: null })),
    takeFatal: assign(({ event }) => ({ failure: outputOf(event).failure })),
    giveUp: assign(({ context }) => ({ failure: exhausted(context) })),

    noteRoundStarted: enqueueActions((step) => keep(step, [roundNote(step, 'round.started')])),
    noteRoundFailed: enqueueActions((step) => keep(step, [roundNote(step, 'round.failed')])),
    noteRoundEnded: enqueueActions((step) => keep(step, [roundNote(step, 'round.ended')])),
    noteNetwork: enqueueActions((step) => keep(step, [{ type: 'network.changed', at: step.event.at }])),
    noteMet: enqueueActions((step) => {
      assertEvent(step.event, 'peer.met')
      keep(step, [step.event])
    }),
    noteBackoff: enqueueActions((step) => {
      const { failed } = step.context
      keep(step, [{ type: 'backoff.started', at: step.event.at, failed, ms: pauseOf(step) }])
    }),
    noteFailure: enqueueActions((step) => {
      // `takeRefusal` or `giveUp` has just said which.
      const failure = step.context.failure as Failure
      keep(step, [{ type: 'client.failed', at: step.event.at, failure }])
    }),
    noteStop: enqueueActions((step) => keep(step, [{ type: 'client.stopped', at: step.event.at }])),
  },
  guards: {
    isReleasing: ({ context }) => context.release,
    isLost: ({ event }) => outputOf(event).outcome === 'lost',
    isFatal: ({ event }) => outputOf(event).outcome === 'fatal',
    /** It came from where the last round had a candidate. */
    wasTried: ({ context: { floats, ledger }, event }) => {
      assertEvent(event, 'peer.met')
      return floats || entryAt(ledger.last, event.transport, event.remote) !== undefined
    },
    isLastRound: ({ context: { config, failed } }) =>
      config.connectRetryMax > 0 && failed + 1 >= config.connectRetryMax,
  },
  delays: { pause: pauseOf },
}).createMachine({
  id: 'client',
  context: ({ input: { config, seed, release, floats = false, before = NOTHING_BEFORE } }) => ({
    config,
    seed,
    release,
    floats,
    first: before.first,
    numbers: before.numbers,
    ledger: before.ledger,
    round: 0,
    failed: 0,
    starting: true,
    attempt: null,
    failure: null,
  }),
  initial: 'idle',
  states: {
    idle: { on: { start: 'active', stop: 'stopped' } },
    active: {
      entry: ['beginRound', 'noteRoundStarted', 'startDial'],
      invoke: {
        src: 'dial',
        id: 'dial',
        input: ({ context: { config, seed, release, starting, first, floats, numbers, ledger } }) => {
          return { config, seed, release, starting, first, floats, numbers, ledger }
        },
        onDone: [
          {
            guard: 'isLost',
            target: 'active',
            reenter: true,
            actions: ['takeOver', 'takeSuccess', 'noteRoundEnded'],
          },
          { guard: 'isFatal', target: 'failed', actions: ['takeOver', 'noteRoundFailed', 'takeFatal'] },
          { guard: 'isLastRound', target: 'failed', actions: ['takeOver', 'takeFailure', 'noteRoundFailed', 'giveUp'] },
          { target: 'backingOff', actions: ['takeOver', 'takeFailure', 'noteRoundFailed'] },
        ],
      },
      on: {
        'network.changed': { actions: 'noteNetwork' },
        next: { actions: 'passOn' },
        'peer.met': { actions: 'passOn' },
        reject: { actions: 'passOn' },
        stop: { target: '.stopping', actions: 'passOn' },
      },
      initial: 'dialing',
      states: {
        dialing: {
          on: {
            'dial.won': [
              { guard: 'isReleasing', target: '#client.released', actions: 'takeWinner' },
              { target: 'connected', actions: 'takeWinner' },
            ],
          },
        },
        connected: { on: { 'dial.resumed': 'dialing' } },
        // However the round ends now. A socket that was released in this very instant is the host's, and not to be lost.
        stopping: {
          on: {
            'dial.won': { guard: 'isReleasing', target: '#client.released', actions: 'takeWinner' },
            'xstate.done.actor.dial': { target: '#client.stopped', actions: 'takeOver' },
          },
        },
      },
    },
    backingOff: {
      entry: 'noteBackoff',
      after: { pause: 'active' },
      on: {
        'network.changed': { target: 'active', actions: 'noteNetwork' },
        next: 'active',
        'peer.met': { guard: 'wasTried', target: 'active', actions: 'noteMet' },
        stop: 'stopped',
      },
    },
    released: { type: 'final' },
    failed: { type: 'final', entry: 'noteFailure' },
    stopped: { type: 'final', entry: 'noteStop' },
  },
  output: ({ context: { attempt, failure: why, release, numbers, ledger } }) => {
    const end = { attempt: null, failure: why, numbers, ledger }
    if (why) return { ...end, outcome: 'failed' } as const
    return release && attempt !== null
      ? ({ ...end, outcome: 'released', attempt } as const)
      : ({ ...end, outcome: 'stopped' } as const)
  },
  options: { maxIterations: 1000 },
})

/** The ledger of the moment. */
export function ledgerOf({ children, context }: SnapshotFrom<typeof clientMachine>): Ledger {
  return children.dial ? children.dial.getSnapshot().context.ledger : context.ledger
}

/** The client with its actors: made once for a set of actors, used by any number of roots. */
export function clientLogic(actors: DialActors): Contained<typeof clientMachine> {
  return contain(clientMachine.provide({ actors: { dial: contain(dialMachine.provide({ actors })) } }))
}
