/**
 * Every `<listen>` block at once (R2, R8): resolves their names, binds every address, binds anew what dies, until all is
 * drained. What `dial` is to a client it is to a server.
 *
 * Law 1: a block is data, and so are its listeners, by number; all sockets belong to one binder, invoked by `open`. A
 *        machine for each block would cost more than its sockets.
 * Law 2: blocks are independent: a step sees one of them. Each resolves, binds, listens and waits for itself; the states
 *        here say how far all of them are.
 * Law 3: numbers are never reused within one root; an event about a listener that is not where it says is dropped.
 * Law 4: no action closes a socket. The binder does, when it hears so or is stopped.
 * Law 5: an action is a step for each block that it is about, and `carryOut` does what they leave behind.
 *
 * It may not know what a socket or a clock is, nor who connects: the binder lets them in. What a failed block means is
 * for `server`, its parent, to say.
 */
import { type EventObject, assertEvent, enqueueActions, fromCallback, sendParent, sendTo, setup } from 'xstate'
import type { Bind, BinderHears, BinderInput, BinderSays, Limits, ResolverInput, ResolverSays } from '../src/actors.ts'
import { type HostInput, hostOf } from '../src/bind-list.ts'
import {
  type Block,
  type BlockEffect,
  type Listener,
  type Step,
  drain,
  draftOf,
  listenerIn,
  newBlock,
  rebind,
  rescan,
  takeLoss,
  takeResult,
} from '../src/block.ts'
import { begin, takeAnswer, takeLookupFailure } from '../src/block-lookup.ts'
import type { Listen } from '../src/config/server-schema.ts'
import { together } from '../src/contain.ts'
import { type Failure, failure } from '../src/failure.ts'
import type { ServerNote } from '../src/roster.ts'

export interface ListenInput {
  readonly listen: readonly Listen[]
  readonly policy: 'all' | 'any'
  readonly host: HostInput
  readonly limits: Limits
  readonly resolveTimeout: number
  readonly seed: number
}

/** What it tells its parent. */
export type ListenSays =
  /** Once: everything was tried. `failure`: of the first that is not bound. */
  | { readonly type: 'listen.ready'; readonly bound: number; readonly failure: Failure | null }
  /** `bind-policy all`, and something is not bound. */
  | { readonly type: 'listen.failed'; readonly failure: Failure }
  /** After a drain: nothing is open any more. */
  | { readonly type: 'listen.closed' }

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
  | { readonly type: 'query.again'; readonly block: number }
  | { readonly type: 'rebind.due'; readonly listener: number }
)

export interface ListenContext {
  readonly limits: Limits
  readonly blocks: readonly Block[]
}

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

/** The block that gave out a number: they number their queries and listeners in turn. */
const ownerOf = (number: number, blocks: readonly Block[]): number => (number - 1) % blocks.length

/** The block that an event is about. */
function indexFor(blocks: readonly Block[], event: Event): number {
  if ('block' in event) return event.block
  const number = 'listener' in event ? event.listener : (event as { readonly query: number }).query
  return ownerOf(number, blocks)
}

const blockFor = ({ blocks }: ListenContext, event: Event) => blocks[indexFor(blocks, event)]

type StepIn = (index: number) => Step

/** An action: steps in the blocks that it is about, carried out. */
const carryOut = (take: (stepIn: StepIn, event: Event, blocks: readonly Block[]) => void) =>
  enqueueActions<ListenContext, Event, undefined, Event, Provided, never, never, never, ServerNote>(
    ({ context, event, enqueue }) => {
      const steps = context.blocks.map((): Step | undefined => undefined)
      const notes: ServerNote[] = []
      const effects: BlockEffect[] = []
      const stepIn = (index: number) =>
        (steps[index] ??= { at: event.at, now: draftOf(context.blocks[index] as Block), notes, effects })
      take(stepIn, event, context.blocks)
      const blocks = context.blocks.map((block, index) => steps[index]?.now ?? block)
      enqueue.assign({ blocks })
      if (notes.length > 0) enqueue.emit(together(notes))
      // A start that has failed in this very step has closed its binder when that would hear of it.
      const isOver = blocks.some(({ failure: why }) => why)
      // What is bound at the same time is told in one breath.
      let binds: Bind[] = []
      const tellBinds = () => {
        if (binds.length > 0 && !isOver) enqueue.sendTo('binder', { type: 'listeners.bind', binds })
        binds = []
      }
      for (const effect of effects)
        switch (effect.do) {
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
          case 'askLater': {
            const { block, ms } = effect
            enqueue.raise({ type: 'query.again', block, ...STAMPED_LATER }, { id: `again.${block}`, delay: ms })
            break
          }
          case 'bind':
            binds.push(effect.bind)
            break
          case 'close':
            tellBinds()
            enqueue.sendTo('binder', { type: 'listener.close', listener: effect.listener })
            break
          case 'bindLater': {
            const { listener, ms } = effect
            enqueue.raise({ type: 'rebind.due', listener, ...STAMPED_LATER }, { id: `rebind.${listener}`, delay: ms })
            break
          }
          case 'forget':
            enqueue.cancel(`rebind.${effect.listener}`)
            break
        }
      tellBinds()
    },
  )

type Take = (step: Step, event: Event) => void

const inOne = (take: Take) => carryOut((stepIn, event, blocks) => take(stepIn(indexFor(blocks, event)), event))
const inAll = (take: Take) =>
  carryOut((stepIn, event, blocks) => {
    for (const index of blocks.keys()) take(stepIn(index), event)
  })

const isIn = (state: Listener['state'], context: ListenContext, event: Event): boolean => {
  const block = blockFor(context, event)
  return block !== undefined && 'listener' in event && listenerIn(block, event.listener)?.state === state
}

const failureIn = ({ blocks }: ListenContext) => blocks.find((block) => block.failure)?.failure ?? null

export const listenMachine = setup({
  types: {
    context: {} as ListenContext,
    events: {} as Event,
    input: {} as ListenInput,
    emitted: {} as ServerNote,
    children: {} as { binder: 'binder' },
  },
  actors: { resolver, binder },
  actions: {
    begin: inAll(begin),
    beginAgain: inOne(begin),
    takeAnswer: inOne((step, event) => {
      assertEvent(event, 'resolver.answered')
      takeAnswer(step, event.addresses)
    }),
    takeLookupFailure: inOne((step, event) => {
      const why = event.type === 'resolver.failed' ? event.failure : failure('RESOLVE_TIMEOUT', 'resolve')
      takeLookupFailure(step, why)
    }),
    takeResults: carryOut((stepIn, event, blocks) => {
      assertEvent(event, 'listeners.settled')
      for (const result of event.results) takeResult(stepIn(ownerOf(result.listener, blocks)), result)
    }),
    takeLoss: inOne((step, event) => {
      assertEvent(event, 'listener.lost')
      takeLoss(step, event.listener, event.failure)
    }),
    rebind: inOne((step, event) => {
      assertEvent(event, 'rebind.due')
      rebind(step, event.listener)
    }),
    rescan: inAll((step, event) => {
      assertEvent(event, 'network.changed')
      rescan(step, event.addresses)
    }),
    drain: inAll(drain),
    drainBinder: sendTo('binder', { type: 'binder.drain' }),
    evict: sendTo('binder', { type: 'binder.evict' }),

    tellReady: sendParent(({ context: { blocks } }): ListenSays => {
      const bound = blocks.flatMap(({ listeners }) => listeners).filter(({ state }) => state === 'bound').length
      return { type: 'listen.ready', bound, failure: blocks.find(({ problem }) => problem)?.problem ?? null }
    }),
    tellFailed: sendParent(({ context }): ListenSays => {
      return { type: 'listen.failed', failure: failureIn(context) as Failure }
    }),
    tellClosed: sendParent({ type: 'listen.closed' } satisfies ListenSays),
  },
  guards: {
    isCurrentQuery: ({ context, event }) => 'query' in event && blockFor(context, event)?.query === event.query,
    isUnresolved: ({ context, event }) => blockFor(context, event)?.listeners.length === 0,
    isBound: ({ context, event }) => isIn('bound', context, event),
    isWaiting: ({ context, event }) => isIn('waiting', context, event),
    isTried: ({ context: { blocks } }) => blocks.every(({ tried }) => tried),
    hasFailed: ({ context }) => failureIn(context) !== null,
  },
}).createMachine({
  id: 'listen',
  context: ({ input: { listen, limits, host, ...rest } }) => {
    const shared = { blocks: listen.length, host: hostOf(host), ...rest }
    return { limits, blocks: listen.map((one, block) => newBlock({ block, listen: one, ...shared })) }
  },
  initial: 'idle',
  states: {
    idle: { on: { start: 'open' } },
    open: {
      invoke: { src: 'binder', id: 'binder', input: ({ context: { limits } }) => ({ limits }) },
      on: {
        drain: '.draining',
        'resolver.answered': { guard: 'isCurrentQuery', actions: 'takeAnswer' },
        'resolver.failed': { guard: 'isCurrentQuery', actions: 'takeLookupFailure' },
        'query.timedOut': { guard: 'isCurrentQuery', actions: 'takeLookupFailure' },
        'query.again': { guard: 'isUnresolved', actions: 'beginAgain' },
        'listeners.settled': { actions: 'takeResults' },
        'listener.lost': { guard: 'isBound', actions: 'takeLoss' },
        'rebind.due': { guard: 'isWaiting', actions: 'rebind' },
        'network.changed': { actions: 'rescan' },
      },
      initial: 'starting',
      states: {
        starting: {
          entry: 'begin',
          always: [
            { guard: 'hasFailed', target: '#listen.failed' },
            { guard: 'isTried', target: 'listening' },
          ],
        },
        listening: { entry: 'tellReady' },
        draining: {
          entry: ['drain', 'drainBinder'],
          on: {
            evict: { actions: 'evict' },
            'binder.drained': '#listen.closed',
          },
        },
      },
    },
    // Not final: the parent ends with it, and XState would still send that a `done`.
    closed: { entry: 'tellClosed' },
    failed: { entry: 'tellFailed' },
  },
  options: { maxIterations: 1000 },
})
