/**
 * A server (R2, R4, R8): the life around its listeners, until it is drained, stopped, or could not start.
 *
 * Law 1: `listen` is invoked by `open` and outlives the start and the drain; one failed bind ends the start where
 *        `bind-policy all` wants all, and otherwise only if nothing is bound.
 * Law 2: everything that happened is a note, emitted; those about clients come from the binder and pass no machine.
 * Law 3: `drain` lets nobody in from that instant on and waits for those who are there until the grace ends; `stop` ends
 *        everything at once.
 *
 * It may not know what a socket, a client or a clock is. It owns no socket: the binder does, below `listen`.
 */
import { assertEvent, assign, emit, sendTo, setup } from 'xstate'
import type { ServerConfig } from '../src/config/server-schema.ts'
import { type Contained, contain } from '../src/contain.ts'
import type { Failure } from '../src/failure.ts'
import type { ServerNote } from '../src/roster.ts'
import { type ListenActors, type ListenSays, listenMachine } from './listen.ts'

export interface ServerInput {
  readonly config: ServerConfig
  /** Everything that chance decides; 32 bits. */
  readonly seed: number
  /** The addresses of this host, as text (`fe80::1%eth0`). */
  readonly addresses: readonly string[]
}

export interface ServerOutput {
  readonly outcome: 'failed' | 'stopped'
  readonly failure: Failure | null
}

type Event = { readonly at: number } & (
  | { readonly type: 'start' }
  | { readonly type: 'stop' }
  /** `grace`: ms for the clients that are there. */
  | { readonly type: 'drain'; readonly grace: number }
  | { readonly type: 'network.changed'; readonly addresses: readonly string[] }
  | ListenSays
)

interface Context extends ServerInput {
  /** Sockets, when everything had been tried. */
  readonly bound: number
  readonly grace: number
  readonly failure: Failure | null
}

export const serverMachine = setup({
  types: {
    context: {} as Context,
    events: {} as Event,
    input: {} as ServerInput,
    output: {} as ServerOutput,
    emitted: {} as ServerNote,
    children: {} as { listen: 'listen' },
  },
  actors: { listen: contain(listenMachine) },
  actions: {
    startListen: sendTo('listen', { type: 'start' }),
    passOn: sendTo('listen', ({ event }) => event as Extract<Event, { type: 'drain' | 'network.changed' }>),
    evict: sendTo('listen', { type: 'evict' }),

    takeBound: assign(({ event }) => {
      assertEvent(event, 'listen.ready')
      return { bound: event.bound }
    }),
    takeFailure: assign(({ event }) => {
      assertEvent(event, ['listen.ready', 'listen.failed'])
      return { failure: event.failure }
    }),
    takeGrace: assign(({ event }) => {
      assertEvent(event, 'drain')
      return { grace: event.grace }
    }),

    noteListening: emit(({ context: { bound }, event: { at } }) => ({ type: 'server.listening', at, bound }) as const),
    noteNetwork: emit(({ event: { at } }) => ({ type: 'network.changed', at }) as const),
    noteDraining: emit(({ event: { at } }) => ({ type: 'server.draining', at }) as const),
    noteFailure: emit(({ context, event: { at } }) => {
      return { type: 'server.failed', at, failure: context.failure as Failure } as const
    }),
    noteStop: emit(({ event: { at } }) => ({ type: 'server.stopped', at }) as const),
  },
  guards: {
    isBound: ({ event }) => event.type === 'listen.ready' && event.bound > 0,
  },
  delays: { grace: ({ context }) => context.grace },
}).createMachine({
  id: 'server',
  context: ({ input }) => ({ ...input, bound: 0, grace: 0, failure: null }),
  initial: 'idle',
  on: { stop: '.stopped' },
  states: {
    idle: { on: { start: 'open', drain: 'stopped' } },
    open: {
      entry: 'startListen',
      invoke: {
        src: 'listen',
        id: 'listen',
        input: ({ context: { config, seed, addresses } }) => {
          const { listen, bindPolicy: policy, multihome, resolveTimeout, mode: _, ...limits } = config
          return { listen, policy, host: { addresses, multihome }, limits, resolveTimeout, seed }
        },
      },
      on: { 'network.changed': { actions: ['noteNetwork', 'passOn'] } },
      initial: 'starting',
      states: {
        starting: {
          on: {
            'listen.ready': [
              { guard: 'isBound', target: 'listening', actions: 'takeBound' },
              { target: '#server.failed', actions: 'takeFailure' },
            ],
            'listen.failed': { target: '#server.failed', actions: 'takeFailure' },
            drain: { target: 'draining', actions: ['noteDraining', 'takeGrace', 'passOn'] },
          },
        },
        listening: {
          entry: 'noteListening',
          on: { drain: { target: 'draining', actions: ['noteDraining', 'takeGrace', 'passOn'] } },
        },
        draining: {
          after: { grace: { actions: 'evict' } },
          // No address that comes now is served any more.
          on: { 'listen.closed': '#server.stopped', 'network.changed': {} },
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

/** The server with its actors: made once for a set of actors, used by any number of roots. */
export function serverLogic(actors: ListenActors): Contained<typeof serverMachine> {
  return contain(serverMachine.provide({ actors: { listen: contain(listenMachine.provide({ actors })) } }))
}
