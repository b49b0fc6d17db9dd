/**
 * A peer (R5): binds what its policy says, then tries its remotes, or waits for whoever confirms; once met, the path is
 * kept, and when it is lost the same one comes first again.
 *
 * Law 1: whoever it tries is walked by `client`, unchanged; who waits walks one remote, where somebody was met.
 * Law 2: the sockets belong to `listen`'s binder and outlive every attempt; `dial` neither binds nor closes them.
 * Law 3: numbers and the ledger go on from one `client` to the next.
 *
 * The bound. Let both peers be `all` and `sequential`, their names resolve, some path between candidates of both work,
 * at most 5 packets of the exchange in a row be lost per path and direction, none take more than 100 ms, and
 * connect-timeout T be 10 s or more. With the larger R and N (remotes, candidates) of the two, they are connected within
 * R * resolve-timeout + N * T of the later start:
 *   1. Within R * resolve-timeout + (N - 1) * T both know the path, and one of them, having come last, tries it. There
 *      it sends every 100 ms; one of 6 packets arrives, and is answered, since a peer answers on all its sockets
 *      whatever it does; one of 6 answers arrives. Within 36 packets, 3.7 s, somebody has proven a path.
 *   2. From then on each of its packets proves that to the other, and of 6 one arrives. If the one that leads has
 *      proven it, the other comes; if the other has, who leads comes, unless it has proven a path itself: then it stays
 *      and the other comes to that. So they do not swap paths, and are on one within 0.7 s, or 1.7 s if they have met
 *      there just before.
 *   3. There each sends all that it knows every 100 ms: the proof, the nomination and what agrees to it take 6 packets
 *      each, 2.1 s. Who agreed goes on sending, so that a leader whose attempt ends meanwhile comes back (once: it has
 *      T again), for another 0.7 s and the proof again.
 * In all 3.7 + 1.7 + 2.1 + 1.4 s: less than 10.
 *
 * It may not know what a socket or a packet is. It owns no socket.
 */
import {
  type EventObject,
  type SnapshotFrom,
  assertEvent,
  assign,
  enqueueActions,
  fromCallback,
  sendTo,
  setup,
} from 'xstate'
import { type PeerConfig, clientOf, isRemote, remoteAt, triesNobody } from '../src/config/peer-schema.ts'
import { type Contained, contain } from '../src/contain.ts'
import type { Failure } from '../src/failure.ts'
import type { Meet } from '../src/junction.ts'
import { EMPTY_LEDGER, type Ledger, type Note } from '../src/ledger.ts'
import type { ServerNote } from '../src/roster.ts'
import { type Before, type ClientOutput, clientMachine, ledgerOf } from './client.ts'
import { type DialActors, dialMachine } from './dial.ts'
import { type ListenActors, type ListenSays, listenMachine } from './listen.ts'

export interface PeerInput {
  readonly config: PeerConfig
  /** Everything that chance decides; 32 bits. */
  readonly seed: number
}

export interface PeerOutput {
  readonly outcome: 'failed' | 'stopped'
  readonly failure: Failure | null
}

type Event = { readonly at: number } & (
  | { readonly type: 'start' }
  | { readonly type: 'stop' }
  | { readonly type: 'reject'; readonly attempt: number; readonly reason: string }
  | { readonly type: 'next' }
  | { readonly type: 'network.changed' }
  | Meet
  | ListenSays
)

interface Context extends PeerInput {
  readonly before: Before
  /** The one whom it waited for. */
  readonly met: Meet | null
  readonly failure: Failure | null
}

const greeter = fromCallback<EventObject, undefined>(() => {
  throw new Error('provide the greeter actor')
})

/** What `peer` has to be given: the actors of `src/actors.ts`, over one junction. */
export interface PeerActors extends DialActors, ListenActors {
  readonly greeter: typeof greeter
}

const NO_LIMITS = { maxClients: 1, amplificationLimit: false }
const NOBODY_BEFORE: Before = { numbers: { query: 0, attempt: 0 }, ledger: EMPTY_LEDGER, first: null }

const outputOf = (event: unknown): ClientOutput => (event as { readonly output: ClientOutput }).output

export const peerMachine = setup({
  types: {
    context: {} as Context,
    events: {} as Event,
    input: {} as PeerInput,
    output: {} as PeerOutput,
    emitted: {} as Note | ServerNote,
    children: {} as { client: 'client'; greeter: 'greeter' },
  },
  actors: { client: contain(clientMachine), listen: contain(listenMachine), greeter },
  actions: {
    openListener: enqueueActions(({ context: { config, seed }, enqueue }) => {
      const { listen, bindPolicy: policy, resolveTimeout } = config
      if (!listen) return
      const host = { addresses: [], multihome: false }
      const input = { listen: [listen], policy, host, limits: NO_LIMITS, resolveTimeout, seed }
      enqueue.spawnChild('listen', { id: 'listen', input })
      enqueue.sendTo('listen', { type: 'start' })
    }),
    startClient: sendTo('client', { type: 'start' }),
    passOn: sendTo('client', ({ event }) => event as Exclude<Event, { type: 'start' } | ListenSays>),

    takeFailure: assign(({ event }) => {
      assertEvent(event, ['listen.ready', 'listen.failed'])
      return { failure: event.failure }
    }),
    takeMet: assign(({ event }) => {
      assertEvent(event, 'peer.met')
      return { met: event }
    }),
    takeOver: assign(({ context, event }) => {
      const { numbers, ledger } = outputOf(event)
      return { before: { ...context.before, numbers, ledger } }
    }),
    takeEnd: assign(({ event }) => ({ failure: outputOf(event).failure })),

    noteMet: enqueueActions(({ event, enqueue }) => {
      assertEvent(event, 'peer.met')
      enqueue.emit(event)
    }),
    noteFailure: enqueueActions(({ context, event, enqueue }) => {
      enqueue.emit({ type: 'peer.failed', at: event.at, failure: context.failure as Failure })
    }),
    noteStop: enqueueActions(({ event, enqueue }) => enqueue.emit({ type: 'peer.stopped', at: event.at })),
  },
  guards: {
    bindsNothing: ({ context: { config } }) => config.listen === undefined,
    isBound: ({ event }) => event.type === 'listen.ready' && event.bound > 0,
    waits: ({ context: { config } }) => triesNobody(config),
    isWelcome: ({ context: { config }, event }) => {
      assertEvent(event, 'peer.met')
      return config.float || config.remotes.length === 0 || isRemote(config, event)
    },
    wasStopped: ({ event }) => outputOf(event).outcome === 'stopped',
  },
}).createMachine({
  id: 'peer',
  context: ({ input }) => ({ ...input, before: NOBODY_BEFORE, met: null, failure: null }),
  initial: 'idle',
  states: {
    idle: { on: { start: 'open', stop: 'stopped' } },
    open: {
      entry: 'openListener',
      invoke: { src: 'greeter', id: 'greeter' },
      initial: 'binding',
      states: {
        binding: {
          always: { guard: 'bindsNothing', target: 'active' },
          on: {
            'listen.ready': [
              { guard: 'isBound', target: 'bound' },
              { target: '#peer.failed', actions: 'takeFailure' },
            ],
            'listen.failed': { target: '#peer.failed', actions: 'takeFailure' },
            stop: '#peer.stopped',
          },
        },
        bound: { always: [{ guard: 'waits', target: 'waiting' }, { target: 'active' }] },
        waiting: {
          on: {
            'peer.met': { guard: 'isWelcome', target: 'joined', actions: ['takeMet', 'noteMet'] },
            stop: '#peer.stopped',
          },
        },
        /** Walks the remotes, for as long as it lives. */
        active: {
          entry: 'startClient',
          invoke: {
            src: 'client',
            id: 'client',
            input: ({ context: { config, seed, before } }) => {
              return { config: clientOf(config, config.remotes), seed, release: false, floats: config.float, before }
            },
            onDone: [
              { guard: 'wasStopped', target: '#peer.stopped', actions: 'takeOver' },
              { target: '#peer.failed', actions: ['takeOver', 'takeEnd'] },
            ],
          },
          on: {
            'peer.met': { actions: 'passOn' },
            'network.changed': { actions: 'passOn' },
            next: { actions: 'passOn' },
            reject: { actions: 'passOn' },
            stop: { actions: 'passOn' },
          },
        },
        /** Walks to the one whom it waited for, and waits again when that one is gone for good. */
        joined: {
          entry: 'startClient',
          invoke: {
            src: 'client',
            id: 'client',
            input: ({ context: { config, seed, before, met } }) => {
              const once = { ...clientOf(config, [remoteAt(config, met as Meet)]), connectRetryMax: 1 }
              // Whoever is welcome may call it elsewhere, until it has connected.
              return { config: once, seed, release: false, floats: true, before }
            },
            onDone: [
              { guard: 'wasStopped', target: '#peer.stopped', actions: 'takeOver' },
              { target: 'waiting', actions: 'takeOver' },
            ],
          },
          on: {
            'peer.met': { guard: 'isWelcome', actions: 'passOn' },
            'network.changed': { actions: 'passOn' },
            next: { actions: 'passOn' },
            reject: { actions: 'passOn' },
            stop: { actions: 'passOn' },
          },
        },
      },
    },
    failed: { type: 'final', entry: 'noteFailure' },
    stopped: { type: 'final', entry: 'noteStop' },
  },
  output: ({ context: { failure: why } }) => {
    return why ? ({ outcome: 'failed', failure: why } as const) : ({ outcome: 'stopped', failure: null } as const)
  },
  options: { maxIterations: 1000 },
})

/** The ledger of the moment: of the `client` that walks, or of the last one. */
export function peerLedgerOf({ children, context }: SnapshotFrom<typeof peerMachine>): Ledger {
  return children.client ? ledgerOf(children.client.getSnapshot()) : context.before.ledger
}

/** The peer with its actors: made once for a set of actors, used by any number of roots. */
export function peerLogic(actors: PeerActors): Contained<typeof peerMachine> {
  const dial = contain(dialMachine.provide({ actors }))
  const client = contain(clientMachine.provide({ actors: { dial } }))
  const listen = contain(listenMachine.provide({ actors }))
  return contain(peerMachine.provide({ actors: { client, listen, greeter: actors.greeter } }))
}
