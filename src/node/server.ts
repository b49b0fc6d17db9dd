/**
 * A server that listens: every socket of every block, and whom they let in. TCP clients are the program's from the
 * instant it hears of them; the engine only knows that they are there.
 */
import { EventEmitter } from 'node:events'
import type { Socket } from 'node:net'
import type { ServerOutput } from '../../machines/server.ts'
import type { Message, Reception } from '../acceptor.ts'
import type { Endpoint } from '../endpoint.ts'
import { Roll, type Roster, type RosterEntry, type ServerNote } from '../roster.ts'
import { callProgram } from './call-program.ts'
import { graceOf } from './checked.ts'
import { ListenError } from './listen-error.ts'
import type { ServerRoot, ServerRootOptions } from './server-root.ts'

/** Datagrams kept until somebody listens for messages; later ones are dropped and counted. */
const MAX_UNHEARD = 64

export interface ListenOptions extends ServerRootOptions {
  /** Aborting it ends the server at once, with every client that is there; `listen` rejects with its reason. */
  readonly signal?: AbortSignal
  /** ms that clients have to finish when the server closes; 30,000 by default. */
  readonly grace?: number
}

/** A TCP client. When it ends, Node ends our side, too; `socket.allowHalfOpen = true` leaves that to the program. */
export interface ServerConnection {
  readonly socket: Socket
  readonly listener: RosterEntry
  readonly remote: Endpoint
  /** Its number in the notes. */
  readonly peer: number
}

/** A datagram of a UDP peer. */
export interface ServerMessage extends Omit<Message, 'listener'> {
  readonly listener: RosterEntry
}

type NoteOf<Type extends ServerNote['type']> = Extract<ServerNote, { readonly type: Type }>

/** What a server tells; `note` is everything but the datagrams, in order. */
export interface ServerEvents {
  readonly note: [note: ServerNote]
  /** Clients that come before somebody listens for them wait. */
  readonly connection: [connection: ServerConnection]
  /** So do the first 64 datagrams. */
  readonly message: [message: ServerMessage]
  readonly refused: [note: NoteOf<'peer.refused'>]
  readonly dropped: [note: NoteOf<'peer.dropped'>]
  /** A listener is gone; it is bound again. */
  readonly lost: [listener: RosterEntry]
  /** A listener was lost too often, and is bound again once a minute; the server goes on. */
  readonly failed: [error: ListenError]
}

export class Server extends EventEmitter<ServerEvents> implements AsyncDisposable {
  /** Settles when the server has ended, for whatever reason; everything is closed then. Never rejects. */
  readonly closed: Promise<void>
  readonly #root: ServerRoot
  readonly #grace: number
  readonly #connections = new Map<number, ServerConnection>()
  readonly #messages: ServerMessage[] = []
  readonly #roll = new Roll()
  #unheard = 0

  /** `listen()` makes it. `settled`: told first when it listens, or why it does not. */
  constructor(root: ServerRoot, grace: number, signal: AbortSignal | undefined, settled: (why?: unknown) => void) {
    super()
    this.#root = root
    this.#grace = grace
    const flush = (name: string | symbol) => {
      if (name === 'connection') process.nextTick(() => this.#handOver())
      if (name === 'message') process.nextTick(() => this.#deliver())
    }
    ;(this as EventEmitter).on('newListener', flush)
    this.closed = new Promise((resolve) => {
      const stop = () => root.send({ type: 'stop' })
      signal?.addEventListener('abort', stop, { once: true })
      const note = (note: ServerNote) => {
        this.#follow(note)
        if (note.type === 'server.listening') settled()
      }
      const ended = ({ failure }: ServerOutput) => {
        signal?.removeEventListener('abort', stop)
        this.#connections.clear()
        const error = failure && new ListenError(failure, this.roster)
        if (error) this.#tell('failed', error)
        settled(error ?? signal?.reason)
        resolve()
      }
      // Whoever makes it has it in hand before anything is told.
      queueMicrotask(() => root.start({ reception: this.#reception(), note, ended }))
    })
  }

  /** Every listener, and how many clients there were and are. */
  get roster(): Roster {
    return this.#roll.roster
  }

  /** What chance was drawn from. */
  get seed(): number {
    return this.#root.seed
  }

  /** Datagrams that were dropped since nobody listened for messages. */
  get unheard(): number {
    return this.#unheard
  }

  /** Tells that the network has changed: a `multihome` server looks for its addresses. */
  networkChanged(): void {
    this.#root.networkChanged()
  }

  /**
   * Lets nobody in from now on, waits for the clients that are there until they have gone or the grace (ms) has ended,
   * and closes them then. A second call changes nothing; the signal ends it at once.
   */
  async close({ grace = this.#grace }: { readonly grace?: number } = {}): Promise<void> {
    this.#root.send({ type: 'drain', grace: graceOf(grace) })
    await this.closed
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #reception(): Reception {
    return {
      connected: ({ peer, listener, guest: { handle, remote } }) => {
        this.#connections.set(peer, { socket: handle as Socket, listener: this.#entryOf(listener), remote, peer })
        this.#handOver()
      },
      heard: ({ peer, listener, remote, bytes, reply }) => {
        if (this.#messages.length === MAX_UNHEARD) return void this.#unheard++
        this.#messages.push({ peer, listener: this.#entryOf(listener), remote, bytes, reply })
        this.#deliver()
      },
    }
  }

  /** In order of arrival, as long as somebody listens. */
  #handOver(): void {
    for (const [peer, connection] of this.#connections) {
      if (this.listenerCount('connection') === 0) return
      this.#connections.delete(peer)
      this.#tell('connection', connection)
    }
  }

  #deliver(): void {
    while (this.listenerCount('message') > 0) {
      const message = this.#messages.shift()
      if (!message) return
      this.#tell('message', message)
    }
  }

  /** Of a number that a note has told. */
  #entryOf(listener: number): RosterEntry {
    return this.#roll.entryOf(listener) as RosterEntry
  }

  #follow(note: ServerNote): void {
    this.#roll.take(note)
    this.#tell('note', note)
    switch (note.type) {
      case 'peer.refused':
        return this.#tell('refused', note)
      case 'peer.dropped':
        this.#connections.delete(note.peer)
        return this.#tell('dropped', note)
      case 'peer.closed':
        return void this.#connections.delete(note.peer)
      case 'listener.lost':
        return this.#tell('lost', this.#entryOf(note.listener))
      case 'listener.escalated':
        return this.#tell('failed', new ListenError(note.failure, this.roster))
      default:
    }
  }

  #tell<Name extends keyof ServerEvents>(name: Name, ...args: ServerEvents[Name]): void {
    if (this.listenerCount(name) > 0) callProgram(() => this.emit(name, ...(args as never)))
  }
}
