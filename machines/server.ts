/**
 * A server (R2, R4, R8): every block at once, which of their failures end it, and how it drains.
 *
 * Law 1: blocks are independent: what happens to one is no other's business, but that `bind-policy all` wants all.
 * Law 2: everything that happened is a note, emitted; those about clients come from the binders and pass no machine.
 * Law 3: `drain` lets nobody in from that instant on and waits for those who are there until the grace ends; `stop` ends
 *        everything at once.
 *
 * It may not know what a socket, a client or a clock is. It owns no socket: binders do, below `listen`.
 */
import { assertEvent, assign, emit, enqueueActions, setup } from 'xstate'
import type { BlockSays } from '../src/block.ts'
import type { ServerConfig } from '../src/config/server-schema.ts'
import { type Contained, contain } from '../src/contain.ts'
import type { Failure } from '../src/failure.ts'
import type { ServerNote } from '../src/roster.ts'
import { type ListenActors, listenMachine } from './listen.ts'

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
  | BlockSays
)

interface Context extends ServerInput {
  /** How many sockets each block has bound; `null`: it is being tried for the first time. */
  readonly bound: readonly (number | null)[]
  readonly closed: number
  readonly grace: number
  readonly failure: Failure | null
}

const idOf = (block: number) => `listen.${block}` as const

export const serverMachine = setup({
  types: {
    context: {} as Context,
    events: {} as Event,
    input: {} as ServerInput,
    output: {} as ServerOutput,
    emitted: {} as ServerNote,
  },
  actors: { listen: contain(listenMachine) },
  actions: {
    openBlocks: enqueueActions(({ context: { config, seed, addresses }, enqueue }) => {
      const { listen, bindPolicy: policy, multihome, resolveTimeout, ...limits } = config
      const host = { addresses, multihome }
      for (const [block, one] of listen.entries()) {
        const input = { block, blocks: listen.length, listen: one, policy, host, limits, resolveTimeout, seed }
        enqueue.spawnChild('listen', { id: idOf(block), input })
        enqueue.sendTo(idOf(block), { type: 'start' })
      }
    }),
    passOn: enqueueActions(({ context: { config }, event, enqueue }) => {
      for (const block of config.listen.keys()) enqueue.sendTo(idOf(block), event)
    }),
    evict: enqueueActions(({ context: { config }, enqueue }) => {
      for (const block of config.listen.keys()) enqueue.sendTo(idOf(block), { type: 'evict' })
    }),

    takeReady: assign(({ context, event }) => {
      assertEvent(event, 'block.ready')
      const { bound, failure: first } = context
      return { bound: bound.with(event.block, event.bound), failure: first ?? event.failure }
    }),
    takeFailure: assign(({ event }) => {
      assertEvent(event, 'block.failed')
      return { failure: event.failure }
    }),
    takeGrace: assign(({ event }) => {
      assertEvent(event, 'drain')
      return { grace: event.grace }
    }),
    takeClosed: assign(({ context }) => ({ closed: context.closed + 1 })),
    forgive: assign({ failure: null }),

    noteListening: emit(({ context, event: { at } }) => {
      const bound = context.bound.reduce<number>((sum, one) => sum + Number(one), 0)
      return { type: 'server.listening', at, bound } as const
    }),
    noteNetwork: emit(({ event: { at } }) => ({ type: 'network.changed', at }) as const),
    noteDraining: emit(({ event: { at } }) => ({ type: 'server.draining', at }) as const),
    noteFailure: emit(({ context, event: { at } }) => {
      return { type: 'server.failed', at, failure: context.failure as Failure } as const
    }),
    noteStop: emit(({ event: { at } }) => ({ type: 'server.stopped', at }) as const),
  },
  guards: {
    isTried: ({ context: { bound } }) => !bound.includes(null),
    isUseless: ({ context: { bound } }) => bound.every((one) => one === 0),
    isClosed: ({ context: { closed, config } }) => closed === config.listen.length,
  },
  delays: { grace: ({ context }) => context.grace },
}).createMachine({
  id: 'server',
  context: ({ input }) => ({
    ...input,
    bound: input.config.listen.map(() => null),
    closed: 0,
    grace: 0,
    failure: null,
  }),
  initial: 'idle',
  on: { stop: '.stopped' },
  states: {
    idle: { on: { start: 'open', drain: 'stopped' } },
    open: {
      entry: 'openBlocks',
      on: {
        'network.changed': { actions: ['noteNetwork', 'passOn'] },
        drain: { target: 'draining', actions: ['noteDraining', 'takeGrace', 'passOn'] },
      },
      initial: 'starting',
      states: {
        starting: {
          always: [
            { guard: 'isUseless', target: '#server.failed' },
            { guard: 'isTried', target: 'listening', actions: 'forgive' },
          ],
          on: {
            'block.ready': { actions: 'takeReady' },
            'block.failed': { target: '#server.failed', actions: 'takeFailure' },
          },
        },
        listening: { entry: 'noteListening' },
      },
    },
    draining: {
      always: { guard: 'isClosed', target: 'stopped' },
      after: { grace: { actions: 'evict' } },
      on: { 'block.closed': { actions: 'takeClosed' } },
    },
    failed: { type: 'final', entry: 'noteFailure' },
    stopped: { type: 'final', entry: ['forgive', 'noteStop'] },
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
