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
 * Law 5: an action is one step of `src/block.ts`, and `carryOut` does what it leaves behind.
 *
 * It may not know what a socket or a clock is, nor who connects: the binder lets them in. What a failed block means is
 * for `server`, its parent, to say.
 */
import { type EventObject, assertEvent, enqueueActions, fromCallback, sendParent, sendTo, setup } from 'xstate'
import type { Bind, BinderHears, BinderInput, BinderSays, Limits, ResolverInput, ResolverSays } from '../src/actors.ts'
import type { Host } from '../src/bind-list.ts'
import {
  type Block,
  type BlockEffect,
  type Listener,
  NO_EFFECTS,
  begin,
  drain,
  listenerIn,
  newBlock,
  rebind,
  rescan,
  takeAnswer,
  takeLookupFailure,
  takeLoss,
  takeResult,
} from '../src/block.ts'
import type { Listen } from '../src/config/server-schema.ts'
import { together } from '../src/contain.ts'
import { type Failure, failure } from '../src/failure.ts'
import type { ServerNote } from '../src/roster.ts'

export interface ListenInput {
  readonly listen: readonly Listen[]
  readonly policy: 'all' | 'any'
  readonly host: Host
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

type Step = (draft: Block, event: Event) => Block

/** Steps, each with the block that it is for. */
type Steps = (blocks: readonly Block[], event: Event) => readonly (readonly [index: number, step: Step])[]

/** An action: its steps, carried out. */
const carryOut = (stepsFor: Steps) =>
  enqueueActions<ListenContext, Event, undefined, Event, Provided, never, never, never, ServerNote>(
    ({ context, event, enqueue }) => {
      const blocks = [...context.blocks]
      const left: BlockEffect[] = []
      for (const [index, step] of stepsFor(blocks, event)) {
        const after = step(blocks[index] as Block, event)
        blocks[index] = { ...after, effects: NO_EFFECTS }
        left.push(...after.effects)
      }
      enqueue.assign({ blocks })
      const notes = left.flatMap((effect) => (effect.do === 'note' ? [effect.note] : []))
      if (notes.length > 0) enqueue.emit(together(notes))
      // A start that has failed in this very step has closed its binder when that would hear of it.
      const isOver = blocks.some(({ failure: why }) => why)
      // What is bound at the same time is told in one breath.
      let binds: Bind[] = []
      const tellBinds = () => {
        if (binds.length > 0 && !isOver) enqueue.sendTo('binder', { type: 'listeners.bind', binds })
        binds = []
      }
      for (const effect of left)
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

const inOne = (step: Step) => carryOut((blocks, event) => [[indexFor(blocks, event), step]])
const inAll = (step: Step) => carryOut((blocks) => blocks.map((_, index) => [index, step]))

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
    begin: inAll((draft, { at }) => begin(draft, at)),
    beginAgain: inOne((draft, { at }) => begin(draft, at)),
    takeAnswer: inOne((draft, event) => {
      assertEvent(event, 'resolver.answered')
      return takeAnswer(draft, event.at, event.addresses)
    }),
    takeLookupFailure: inOne((draft, event) => {
      const why = event.type === 'resolver.failed' ? event.failure : failure('RESOLVE_TIMEOUT', 'resolve')
      return takeLookupFailure(draft, event.at, why)
    }),
    takeResults: carryOut((blocks, event) => {
      assertEvent(event, 'listeners.settled')
      return event.results.map((result) => {
        return [ownerOf(result.listener, blocks), (draft, { at }) => takeResult(draft, at, result)]
      })
    }),
    takeLoss: inOne((draft, event) => {
      assertEvent(event, 'listener.lost')
      return takeLoss(draft, event.at, event.listener, event.failure)
    }),
    rebind: inOne((draft, event) => {
      assertEvent(event, 'rebind.due')
      return rebind(draft, event.at, event.listener)
    }),
    rescan: inAll((draft, event) => {
      assertEvent(event, 'network.changed')
      return rescan(draft, event.at, event.addresses)
    }),
    drain: inAll((draft, { at }) => drain(draft, at)),
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
  context: ({ input: { listen, limits, ...shared } }) => {
    const blocks = listen.length
    return { limits, blocks: listen.map((one, block) => newBlock({ ...shared, block, blocks, listen: one })) }
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
