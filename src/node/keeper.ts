/**
 * Keeps one connection for a program, again and again, until it is closed or gives up: what a client and a peer have in
 * common. Their machines do the work; it tells of it, and hands the connections over.
 */
import { EventEmitter } from 'node:events'
import type { Failure } from '../failure.ts'
import { type LedgerEntry, type Note, entriesOf } from '../ledger.ts'
import type { ServerNote } from '../roster.ts'
import { callProgram } from './call-program.ts'
import type { ClientConnection } from './connection.ts'
import type { ClientRoot } from './client-root.ts'
import type { PeerRoot } from './peer-root.ts'

/** What it tells; `note` is everything, in order. */
export interface KeeperEvents<AnyNote, GivenUp extends Error> {
  readonly note: [note: AnyNote]
  readonly attempt: [attempt: Extract<Note, { readonly type: 'attempt.started' }>]
  readonly connected: [connection: ClientConnection]
  readonly lost: [failure: Failure, connection: ClientConnection]
  readonly failed: [error: GivenUp]
}

export abstract class Keeper<AnyNote extends Note | ServerNote, GivenUp extends Error>
  extends EventEmitter<KeeperEvents<AnyNote, GivenUp>>
  implements AsyncDisposable
{
  protected readonly root: ClientRoot | PeerRoot
  readonly #signal: AbortSignal | undefined
  #connection: ClientConnection | undefined
  #onAbort: (() => void) | undefined
  #hasEnded = false
  #closed: PromiseWithEnd | undefined

  constructor(root: ClientRoot | PeerRoot, signal: AbortSignal | undefined) {
    super()
    this.root = root
    this.#signal = signal
    if (signal) {
      this.#onAbort = () => this.#stop()
      signal.addEventListener('abort', this.#onAbort, { once: true })
    }
    // What comes before the start waits for it, and then comes first.
    if (signal?.aborted) this.#stop()
    queueMicrotask(() =>
      root.start({
        note: (note: Note | ServerNote) => this.follow(note as AnyNote),
        ended: (output) => this.#ended(output.failure),
      }),
    )
  }

  /** Settles when it has ended, for whatever reason; everything is closed then. Never rejects. */
  get closed(): Promise<void> {
    this.#closed ??= promiseWithEnd()
    if (this.#hasEnded) this.#closed.end()
    return this.#closed.promise
  }

  /** What chance was drawn from. */
  get seed(): number {
    return this.root.seed
  }

  /** The connection of the moment. */
  get connection(): ClientConnection | undefined {
    return this.#connection
  }

  /** Every attempt, skip and failed look-up of the last finished round and the one under way. */
  get ledger(): readonly LedgerEntry[] {
    return entriesOf(this.root.ledger)
  }

  /** Leaves the candidate (or the pause) of the moment for the next one. */
  next(): void {
    this.root.command({ type: 'next' })
  }

  /** Tells that the network has changed: ends a pause. */
  networkChanged(): void {
    this.root.networkChanged()
  }

  /** Closes what is open and ends; a second call returns the same promise. */
  close(): Promise<void> {
    this.#stop()
    return this.closed
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /** What `failed` tells. */
  protected abstract errorOf(why: Failure): GivenUp

  protected follow(note: AnyNote): void {
    const told: Note | ServerNote = note
    const lost = this.#connection
    if (told.type === 'attempt.won') this.#connection = this.#connectionOf(told.attempt)
    if (told.type === 'attempt.lost') this.#connection = undefined
    this.#tell('note', note)
    if (told.type === 'attempt.started') this.#tell('attempt', told)
    if (told.type === 'attempt.won' && this.#connection) this.#tell('connected', this.#connection)
    if (told.type === 'attempt.lost' && lost) this.#tell('lost', told.failure, lost)
  }

  #stop(): void {
    this.root.command({ type: 'stop' })
  }

  #connectionOf(attempt: number): ClientConnection {
    const reject = (reason: string) => this.root.command({ type: 'reject', attempt, reason })
    return { ...this.root.take(attempt, false), reject }
  }

  #tell<Name extends keyof KeeperEvents<AnyNote, GivenUp>>(
    name: Name,
    ...args: KeeperEvents<AnyNote, GivenUp>[Name]
  ): void {
    callProgram(() => this.emit(name, ...(args as never)))
  }

  #ended(why: Failure | null): void {
    if (this.#onAbort) this.#signal?.removeEventListener('abort', this.#onAbort)
    this.#connection = undefined
    this.#hasEnded = true
    this.#closed?.end()
    if (why) this.#tell('failed', this.errorOf(why))
  }
}

interface PromiseWithEnd {
  readonly promise: Promise<void>
  readonly end: () => void
}

// Most live long, and nobody waits for their end until it comes: the promise is made when it is asked for.
function promiseWithEnd(): PromiseWithEnd {
  let end = () => {}
  const promise = new Promise<void>((resolve) => (end = resolve))
  return { promise, end }
}
