/**
 * One root actor on the real twin: what clients and servers have in common. It gives the actor its clock and its
 * inspector, passes on what is noted, follows the network, and tells of the end, whatever that was.
 */
import {
  Actor,
  type AnyActorLogic,
  type EmittedFrom,
  type EventFromLogic,
  type InputFrom,
  type InspectionEvent,
  type Observer,
  type OutputFrom,
  type Snapshot,
} from 'xstate'
import type { Clock } from '../actors.ts'
import { type Failure, failure } from '../failure.ts'
import { closeHandles } from '../handles.ts'
import { callProgram } from './call-program.ts'
import { nodeClock } from './clock.ts'
import { type Addresses, type NetworkListener, networkMonitor } from './monitor.ts'

export interface RootOptions {
  /** Goes straight to XState: any XState inspector works. */
  readonly inspect?: Observer<InspectionEvent> | ((event: InspectionEvent) => void)
  readonly clock?: Clock
  /** 32 bits that decide every shuffle and jitter; drawn at random by default. */
  readonly seed?: number
}

export interface RootListener<Logic extends AnyActorLogic> {
  readonly note: (note: EmittedFrom<Logic>) => void
  /** Once, after the last note. */
  readonly ended: (output: OutputFrom<Logic>) => void
}

/** XState calls it in the middle of a step, which a throw would leave half done. */
function inspectorOf(inspect: NonNullable<RootOptions['inspect']>): (event: InspectionEvent) => void {
  const next = typeof inspect === 'function' ? inspect : (event: InspectionEvent) => inspect.next?.(event)
  return (event) => callProgram(() => next(event))
}

/** One poll of the interfaces for all roots of the process. */
const monitor = networkMonitor()

/** It is the observer of its own actor, and of the network. */
export abstract class Root<Logic extends AnyActorLogic> implements NetworkListener {
  readonly seed: number
  protected readonly actor: Actor<Logic>
  #listener: RootListener<Logic> | undefined
  #watching = false

  constructor(logic: Logic, input: InputFrom<Logic> & { readonly seed: number }, options: RootOptions) {
    const { clock = nodeClock, inspect } = options
    this.seed = input.seed
    this.actor = new Actor(logic, {
      clock,
      input,
      ...(inspect && { inspect: inspectorOf(inspect) }),
    })
  }

  abstract networkChanged(addresses: readonly string[]): void

  /** How it ends when it dies of a bug. */
  protected abstract broken(why: Failure): OutputFrom<Logic>

  send(command: EventFromLogic<Logic>): void {
    if (this.#isActive) this.actor.send(command)
  }

  start(listener: RootListener<Logic>): void {
    const { actor } = this
    this.#listener = listener
    actor.on('*', (note) => this.follow(note))
    actor.subscribe(this)
    actor.start()
    // A stop that came earlier has waited in the mailbox, and was first.
    if (this.#isActive) actor.send({ type: 'start' } as EventFromLogic<Logic>)
  }

  complete(): void {
    const { output } = this.actor.getSnapshot() as { readonly output?: OutputFrom<Logic> }
    if (output) this.#end(output)
  }

  error(bug: unknown): void {
    closeHandles(this.actor.system)
    this.#end(this.broken(internal(bug)))
  }

  protected follow(note: EmittedFrom<Logic>): void {
    this.#listener?.note(note)
  }

  protected watchNetwork(known?: Addresses): void {
    if (!this.#watching) monitor.add(this, known)
    this.#watching = true
  }

  get #isActive(): boolean {
    const { status } = this.actor.getSnapshot() as Snapshot<unknown>
    return status === 'active'
  }

  #end(output: OutputFrom<Logic>): void {
    monitor.delete(this)
    this.#listener?.ended(output)
  }
}

function internal(bug: unknown): Failure {
  const what = bug instanceof Error ? bug.message : String(bug)
  return failure('INTERNAL', 'plan', `a bug in sockchart: ${what}; everything it had open was closed`)
}
