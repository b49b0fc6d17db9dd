/**
 * One root actor on the real twin: what `connect` and `createClient` have in common. It follows the notes, and turns the
 * number of a winner into a connection.
 */
import { type Actor, type InspectionEvent, type Observer, createActor } from 'xstate'
import { type ClientOutput, clientLogic, ledgerOf } from '../../machines/client.ts'
import type { DialActors } from '../../machines/dial.ts'
import type { Clock } from '../actors.ts'
import type { ClientConfig } from '../config/schema.ts'
import type { Vault } from '../config/vault.ts'
import { type Failure, failure } from '../failure.ts'
import { closeHandles, handlesOf } from '../handles.ts'
import { type Ledger, type Note, entriesOf } from '../ledger.ts'
import { nodeActors } from './actors.ts'
import { callProgram } from './call-program.ts'
import { nodeClock } from './clock.ts'
import { seedOf } from './checked.ts'
import { type Connection, connectionOf } from './connection.ts'
import { type NetworkListener, networkMonitor } from './monitor.ts'

export interface ConnectOptions {
  /** Aborting it ends the attempts, closes what is open, and rejects with its reason. */
  readonly signal?: AbortSignal
  /** Goes straight to XState: any XState inspector works. */
  readonly inspect?: Observer<InspectionEvent> | ((event: InspectionEvent) => void)
  readonly clock?: Clock
  readonly actors?: Partial<DialActors>
  /** 32 bits that decide every shuffle and jitter; drawn at random by default. */
  readonly seed?: number
  /** Where the configuration's key handles lead (`parseConfig` returns it). */
  readonly vault?: Vault
}

type RootCommand =
  | { readonly type: 'stop' }
  | { readonly type: 'next' }
  | { readonly type: 'network.changed' }
  | { readonly type: 'reject'; readonly attempt: number; readonly reason: string }

// Making a logic costs more than a connection does, and nearly everybody uses the same one.
let ordinary: ReturnType<typeof clientLogic> | undefined

function logicFor({ actors, vault }: ConnectOptions): ReturnType<typeof clientLogic> {
  if (!actors && !vault) return (ordinary ??= clientLogic(nodeActors()))
  return clientLogic({ ...nodeActors(vault ? { vault } : {}), ...actors })
}

/** XState calls it in the middle of a step, which a throw would leave half done. */
function inspectorOf(inspect: NonNullable<ConnectOptions['inspect']>): (event: InspectionEvent) => void {
  const next = typeof inspect === 'function' ? inspect : (event: InspectionEvent) => inspect.next?.(event)
  return (event) => callProgram(() => next(event))
}

/** One poll of the interfaces for all clients of the process. */
const monitor = networkMonitor()

interface Listener {
  readonly note: (note: Note) => void
  /** Once, after the last note. */
  readonly ended: (output: ClientOutput) => void
}

/** It is the observer of its own actor, and of the network. */
export class Root implements NetworkListener {
  readonly seed: number
  readonly #release: boolean
  readonly #actor: Actor<ReturnType<typeof clientLogic>>
  #listener: Listener | undefined
  #confirmation: Connection['confirmation']
  #watching = false

  constructor(config: ClientConfig, release: boolean, options: ConnectOptions) {
    this.#release = release
    this.seed = seedOf(options.seed)
    this.#actor = createActor(logicFor(options), {
      clock: options.clock ?? nodeClock,
      input: { config, seed: this.seed, release },
      ...(options.inspect && { inspect: inspectorOf(options.inspect) }),
    })
  }

  get ledger(): Ledger {
    return ledgerOf(this.#actor.getSnapshot())
  }

  send(command: RootCommand): void {
    if (this.#isActive) this.#actor.send(command)
  }

  networkChanged(): void {
    this.send({ type: 'network.changed' })
  }

  /** The winner's socket; taken out of the registry when it is `released`. */
  take(attempt: number, released: boolean): Connection {
    const handles = handlesOf(this.#actor.system)
    const ledger = entriesOf(this.ledger)
    const entry = ledger.find((entry) => entry.attempt === attempt)
    const socket = handles.get(attempt)
    if (!entry?.candidate || !socket) throw new Error(`attempt ${attempt} left no socket`)
    if (released) handles.delete(attempt)
    const { remote, hops } = entry
    const { transport, family, address, port } = entry.candidate
    const candidate = { remote: remote.index, transport, family, address, port, hops }
    const won = { attempt, remote, candidate, confirmation: this.#confirmation, ledger, seed: this.seed }
    return connectionOf(won, socket.handle)
  }

  start(listener: Listener): void {
    const actor = this.#actor
    this.#listener = listener
    actor.on('*', (note) => this.#follow(note))
    actor.subscribe(this)
    if (!this.#release) this.#watchNetwork()
    actor.start()
    // A stop that came earlier has waited in the mailbox, and was first.
    if (this.#isActive) actor.send({ type: 'start' })
  }

  get #isActive(): boolean {
    return this.#actor.getSnapshot().status === 'active'
  }

  #follow(note: Note): void {
    if (note.type === 'attempt.started') this.#confirmation = undefined
    if (note.type === 'attempt.confirmed') this.#confirmation = { sent: note.sent, received: note.received }
    // Who wants one connection and has no pause to end need not watch.
    if (note.type === 'backoff.started') this.#watchNetwork()
    this.#listener?.note(note)
  }

  #watchNetwork(): void {
    if (!this.#watching) monitor.add(this)
    this.#watching = true
  }

  complete(): void {
    const { output } = this.#actor.getSnapshot()
    if (output) this.#end(output)
  }

  error(bug: unknown): void {
    closeHandles(this.#actor.system)
    this.#end({ outcome: 'failed', attempt: null, failure: internal(bug) })
  }

  #end(output: ClientOutput): void {
    monitor.delete(this)
    this.#listener?.ended(output)
  }
}

function internal(bug: unknown): Failure {
  const what = bug instanceof Error ? bug.message : String(bug)
  return failure('INTERNAL', 'plan', `a bug in sockchart: ${what}; everything it had open was closed`)
}
