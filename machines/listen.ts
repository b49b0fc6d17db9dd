/**
 * One `<listen>` block (R2, R8): resolves its name, binds every address, binds anew what dies, until it is drained.
 *
 * Law 1: a listener is data by its number; all sockets of the block belong to one binder, invoked by `open`.
 * Law 2: numbers are never reused within one root; an event about a listener that is not where it says is dropped.
 * Law 3: no action closes a socket. The binder does, when it hears so or is stopped.
 * Law 4: an action is one step of `src/block.ts`, and `carryOut` does what it leaves behind.
 *
 * It may not know what a socket or a clock is, who connects (the binder lets them in), nor what other blocks do:
 * `server`, its parent, judges failed blocks.
 */
import { type EventObject, assertEvent, enqueueActions, fromCallback, sendParent, setup } from 'xstate'
import type { BinderHears, BinderInput, BinderSays, ResolverInput, ResolverSays } from '../src/actors.ts'
import { nameOf } from '../src/bind-list.ts'
import {
  type Block,
  type BlockDraft,
  type BlockInput,
  type BlockSays,
  type Listener,
  begin,
  drain,
  evict,
  isSettled,
  listenerIn,
  newBlock,
  rebind,
  rescan,
  takeAnswer,
  takeBindFailure,
  takeBound,
  takeLookupFailure,
  takeLoss,
  tellClosed,
} from '../src/block.ts'
import { failure } from '../src/failure.ts'
import type { ServerNote } from '../src/roster.ts'

type Event = { readonly at: number } & (
  | { readonly type: 'start' }
  /** Let nobody in any more, and end when the last one has gone. */
  | { readonly type: 'drain' }
  /** The grace has ended. */
  | { readonly type: 'evict' }
  | { readonly type: 'network.changed'; readonly addresses: readonly string[] }
  | ResolverSays
  | BinderSays
  | { readonly type: 'query.timedOut'; readonly query: number }
  | { readonly type: 'query.again' }
  | { readonly type: 'rebind.due'; readonly listener: number }
)

const resolver = fromCallback<EventObject, ResolverInput>(() => {
  throw new Error('provide the resolver actor')
})
const binder = fromCallback<BinderHears, BinderInput>(() => {
  throw new Error('provide the binder actor')
})

/** What `listen` has to be given: the actors of `src/actors.ts`. */
export interface ListenActors {
  readonly resolver: typeof resolver
  readonly binder: typeof binder
}

// The door stamps an event when it arrives; a delayed one when it is due.
const STAMPED_LATER = { at: Number.NaN }

type Provided =
  | { src: 'resolver'; logic: typeof resolver; id: string | undefined }
  | { src: 'binder'; logic: typeof binder; id: 'binder' }

/** An action: one step of the block, carried out. */
const carryOut = (step: (draft: BlockDraft, event: Event) => BlockDraft) =>
  enqueueActions<Block, Event, undefined, Event, Provided, never, never, never, ServerNote>(
    ({ context, event, enqueue }) => {
      const { effects, ...block } = step({ ...context, effects: [] }, event)
      enqueue.assign(block)
      for (const effect of effects)
        switch (effect.do) {
          case 'note':
            enqueue.emit(effect.note)
            break
          case 'ask': {
            const { query } = effect.input
            enqueue.spawnChild('resolver', { id: `resolve.${query}`, input: effect.input })
            const timedOut = { type: 'query.timedOut', query, ...STAMPED_LATER } as const
            enqueue.raise(timedOut, { id: `timeout.${query}`, delay: effect.timeout })
            break
          }
          case 'endQuery':
            enqueue.stopChild(`resolve.${effect.query}`)
            enqueue.cancel(`timeout.${effect.query}`)
            break
          case 'askLater':
            enqueue.raise({ type: 'query.again', ...STAMPED_LATER }, { id: 'again', delay: effect.ms })
            break
          case 'tellBinder':
            enqueue.sendTo('binder', effect.command)
            break
          case 'bindLater': {
            const { listener, ms } = effect
            enqueue.raise({ type: 'rebind.due', listener, ...STAMPED_LATER }, { id: `rebind.${listener}`, delay: ms })
            break
          }
          case 'forget':
            enqueue.cancel(`rebind.${effect.listener}`)
            break
          case 'tellParent':
            enqueue(sendParent(effect.event satisfies BlockSays))
            break
        }
    },
  )

const isIn = (state: Listener['state'], block: Block, event: Event): boolean =>
  'listener' in event && listenerIn(block, event.listener)?.state === state

export const listenMachine = setup({
  types: {
    context: {} as Block,
    events: {} as Event,
    input: {} as BlockInput,
    emitted: {} as ServerNote,
    children: {} as { binder: 'binder' },
  },
  actors: { resolver, binder },
  actions: {
    begin: carryOut((draft, { at }) => begin(draft, at)),
    takeAnswer: carryOut((draft, event) => {
      assertEvent(event, 'resolver.answered')
      return takeAnswer(draft, event.at, event.addresses)
    }),
    takeLookupFailure: carryOut((draft, event) => {
      const why = event.type === 'resolver.failed' ? event.failure : failure('RESOLVE_TIMEOUT', 'resolve')
      return takeLookupFailure(draft, event.at, why)
    }),
    takeBound: carryOut((draft, event) => {
      assertEvent(event, 'listener.bound')
      return takeBound(draft, event.at, event.listener, event.local)
    }),
    takeBindFailure: carryOut((draft, event) => {
      assertEvent(event, 'listener.failed')
      return takeBindFailure(draft, event.at, event.listener, event.failure)
    }),
    takeLoss: carryOut((draft, event) => {
      assertEvent(event, 'listener.lost')
      return takeLoss(draft, event.at, event.listener, event.failure)
    }),
    rebind: carryOut((draft, event) => {
      assertEvent(event, 'rebind.due')
      return rebind(draft, event.at, event.listener)
    }),
    rescan: carryOut((draft, event) => {
      assertEvent(event, 'network.changed')
      return rescan(draft, event.at, event.addresses)
    }),
    drain: carryOut((draft, { at }) => drain(draft, at)),
    evict: carryOut(evict),
    tellClosed: carryOut(tellClosed),
  },
  guards: {
    isCurrentQuery: ({ context, event }) => 'query' in event && context.query === event.query,
    isBinding: ({ context, event }) => isIn('binding', context, event),
    isBound: ({ context, event }) => isIn('bound', context, event),
    isWaiting: ({ context, event }) => isIn('waiting', context, event),
    isMultihomed: ({ context: { host, listen } }) =>
      host.multihome && listen.proto === 'udp' && nameOf(listen) === undefined,
    hasListeners: ({ context }) => context.listeners.length > 0,
    isSettled: ({ context }) => isSettled(context),
    hasFailed: ({ context }) => context.failure !== null,
  },
}).createMachine({
  id: 'listen',
  context: ({ input }) => newBlock(input),
  initial: 'idle',
  states: {
    idle: { on: { start: 'open' } },
    open: {
      invoke: {
        src: 'binder',
        id: 'binder',
        input: ({ context: { block, listen, limits } }) => ({ block, transport: listen.proto, limits }),
      },
      always: { guard: 'hasFailed', target: 'failed' },
      on: {
        drain: '.draining',
        'listener.bound': { guard: 'isBinding', actions: 'takeBound' },
        'listener.failed': { guard: 'isBinding', actions: 'takeBindFailure' },
        'listener.lost': { guard: 'isBound', actions: 'takeLoss' },
        'rebind.due': { guard: 'isWaiting', actions: 'rebind' },
        'network.changed': { guard: 'isMultihomed', actions: 'rescan' },
      },
      initial: 'resolving',
      states: {
        resolving: {
          entry: 'begin',
          always: { guard: 'hasListeners', target: 'binding' },
          on: {
            'resolver.answered': { guard: 'isCurrentQuery', actions: 'takeAnswer' },
            'resolver.failed': { guard: 'isCurrentQuery', actions: 'takeLookupFailure' },
            'query.timedOut': { guard: 'isCurrentQuery', actions: 'takeLookupFailure' },
            'query.again': { actions: 'begin' },
          },
        },
        binding: { always: { guard: 'isSettled', target: 'listening' } },
        listening: {},
        draining: {
          entry: 'drain',
          on: {
            evict: { actions: 'evict' },
            'binder.drained': '#listen.closed',
          },
        },
      },
    },
    // Not final: the parent ends with its last block, and XState would still send it a `done`.
    closed: { entry: 'tellClosed' },
    failed: {},
  },
  options: { maxIterations: 1000 },
})
