/** A client that lives on: it comes back after a loss, until it is closed or gives up. */
import { EventEmitter } from 'node:events'
import type { ClientConfigInput } from '../config/schema.ts'
import type { Failure } from '../failure.ts'
import { type LedgerEntry, type Note, entriesOf } from '../ledger.ts'
import { callProgram } from './call-program.ts'
import { clientConfig } from './checked.ts'
import { ConnectError } from './connect-error.ts'
import type { ClientConnection } from './connection.ts'
import { ClientRoot, type ConnectOptions } from './client-root.ts'

/** What a client tells; `note` is everything, in order. */
export interface ClientEvents {
  readonly note: [note: Note]
  readonly attempt: [attempt: Extract<Note, { readonly type: 'attempt.started' }>]
  readonly connected: [connection: ClientConnection]
  readonly lost: [failure: Failure, connection: ClientConnection]
  /** It gave up: `connectRetryMax` rounds failed, or no round can succeed. */
  readonly failed: [error: ConnectError]
}

/**
 * Starts at once; the first event comes after the current turn. Throws a `ConfigError`. Only `close()`, the signal, or
 * giving up ends it: closing the socket of a connection is a loss, and the client reconnects.
 */
export function createClient(config: ClientConfigInput, options: ConnectOptions = {}): Client {
  return new Client(new ClientRoot(clientConfig(config), false, options), options.signal)
}

export class Client extends EventEmitter<ClientEvents> implements AsyncDisposable {
  readonly #root: ClientRoot
  readonly #signal: AbortSignal | undefined
  #connection: ClientConnection | undefined
  #onAbort: (() => void) | undefined
  #hasEnded = false
  #closed: PromiseWithEnd | undefined

  constructor(root: ClientRoot, signal: AbortSignal | undefined) {
    super()
    this.#root = root
    this.#signal = signal
    if (signal) {
      this.#onAbort = () => this.#stop()
      signal.addEventListener('abort', this.#onAbort, { once: true })
    }
    // What comes before the start waits for it, and then comes first.
    if (signal?.aborted) this.#stop()
    queueMicrotask(() =>
      root.start({ note: (note) => this.#follow(note), ended: (output) => this.#ended(output.failure) }),
    )
  }

  /** Settles when the client has ended, for whatever reason; everything is closed then. Never rejects. */
  get closed(): Promise<void> {
    this.#closed ??= promiseWithEnd()
    if (this.#hasEnded) this.#closed.end()
    return this.#closed.promise
  }

  /** What chance was drawn from. */
  get seed(): number {
    return this.#root.seed
  }

  /** The connection of the moment. */
  get connection(): ClientConnection | undefined {
    return this.#connection
  }

  /** Every attempt, skip and failed look-up of the last finished round and the one under way. */
  get ledger(): readonly LedgerEntry[] {
    return entriesOf(this.#root.ledger)
  }

  /** Leaves the candidate (or the pause) of the moment for the next one. */
  next(): void {
    this.#root.send({ type: 'next' })
  }

  /** Tells that the network has changed: ends a pause. */
  networkChanged(): void {
    this.#root.networkChanged()
  }

  /** Closes what is open and ends; a second call returns the same promise. */
  close(): Promise<void> {
    this.#stop()
    return this.closed
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #stop(): void {
    this.#root.send({ type: 'stop' })
  }

  #follow(note: Note): void {
    const lost = this.#connection
    if (note.type === 'attempt.won') this.#connection = this.#connectionOf(note.attempt)
    if (note.type === 'attempt.lost') this.#connection = undefined
    this.#tell('note', note)
    if (note.type === 'attempt.started') this.#tell('attempt', note)
    if (note.type === 'attempt.won' && this.#connection) this.#tell('connected', this.#connection)
    if (note.type === 'attempt.lost' && lost) this.#tell('lost', note.failure, lost)
  }

  #connectionOf(attempt: number): ClientConnection {
    const reject = (reason: string) => this.#root.send({ type: 'reject', attempt, reason })
    return { ...this.#root.take(attempt, false), reject }
  }

  #tell<Name extends keyof ClientEvents>(name: Name, ...args: ClientEvents[Name]): void {
    callProgram(() => this.emit(name, ...(args as never)))
  }

  #ended(why: Failure | null): void {
    if (this.#onAbort) this.#signal?.removeEventListener('abort', this.#onAbort)
    this.#connection = undefined
    this.#hasEnded = true
    this.#closed?.end()
    if (why) this.#tell('failed', new ConnectError(why, this.#root.ledger))
  }
}

interface PromiseWithEnd {
  readonly promise: Promise<void>
  readonly end: () => void
}

// Most clients live long, and nobody waits for their end until it comes: the promise is made when it is asked for.
function promiseWithEnd(): PromiseWithEnd {
  let end = () => {}
  const promise = new Promise<void>((resolve) => (end = resolve))
  return { promise, end }
}
