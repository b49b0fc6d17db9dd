/**
 * One way to a peer over UDP: from a socket of ours, which others may share, to one remote endpoint. What a dialer tries
 * and then holds as its `WireSocket`, over whatever the junction gives it as a source.
 *
 * Held, it goes on answering the peer's greetings, keeps itself alive, and hands everything else to the program. It owns
 * no socket: `closed` tells who does.
 */
import type { Clock } from './actors.ts'
import type { Endpoint } from './endpoint.ts'
import { type Failure, failure } from './failure.ts'
import { type Meeting, isEqual, readGreeting } from './meeting.ts'
import type { WireEvent, WireSocket } from './wire.ts'

export interface Keepalive {
  /** Something is sent at least so often, ms. */
  readonly ping?: number | undefined
  /** A peer that was not heard for so long, ms, is lost. */
  readonly restart?: number | undefined
}

/** Where its datagrams leave from. */
export interface Source {
  readonly local: Endpoint
  /** `false`: it is gone. */
  readonly send: (bytes: Uint8Array, to: Endpoint) => boolean
}

/** What a ring makes of it for the program. */
export interface Feed {
  readonly handle: unknown
  /** A datagram from the peer. */
  readonly deliver: (bytes: Uint8Array) => void
  /** It is over: with a failure for the reader, or silently. */
  readonly end: (cause?: Failure) => void
}

/** What a ring makes it of. */
export interface Carrier {
  readonly local: Endpoint
  /** Of the moment: with `float` a peer may move. */
  readonly remote: Endpoint
  readonly send: (bytes: Uint8Array) => boolean
  readonly close: () => void
}

export interface PathSettings {
  readonly clock: Clock
  readonly keepalive: Keepalive
  readonly feedFor: (carrier: Carrier) => Feed
  /** Absent: nothing is confirmed, and every datagram is the program's. */
  readonly meeting: Meeting | undefined
  readonly tell: (event: WireEvent) => void
  /** Told once, whoever closed it. */
  readonly closed: () => void
}

export class Path implements WireSocket {
  readonly #settings: PathSettings
  #remote: Endpoint
  #source: Source | undefined
  #feed: Feed | undefined
  #state: 'trying' | 'held' | 'done' = 'trying'
  #timer: unknown
  #heardAt = 0
  #sentAt = 0

  constructor(remote: Endpoint, settings: PathSettings) {
    this.#settings = settings
    this.#remote = remote
  }

  get remote(): Endpoint {
    return this.#remote
  }

  get handle(): unknown {
    return this.#feed?.handle
  }

  /** The instance id of whom it is held with. */
  get peer(): Uint8Array | undefined {
    return this.#state === 'held' ? this.#settings.meeting?.peer : undefined
  }

  /** Not from inside `open`. */
  connect(source: Source): void {
    if (this.#isDone()) return
    const { feedFor, tell } = this.#settings
    // The carrier asks for the remote again and again.
    const remoteOf = () => this.#remote
    this.#source = source
    this.#feed = feedFor({
      local: source.local,
      get remote() {
        return remoteOf()
      },
      send: (bytes) => this.#send(bytes),
      close: () => this.fail(failure('LOCAL_CLOSE', 'connected')),
    })
    tell({ type: 'opened', local: source.local })
    // Whoever heard that may have closed it.
    if (!this.#isDone()) tell({ type: 'connected', local: source.local })
  }

  send(bytes: Uint8Array): void {
    this.#send(bytes)
  }

  accept(_: boolean, early: readonly Uint8Array[]): void {
    this.#state = 'held'
    for (const bytes of early) this.#feed?.deliver(bytes)
    this.#heardAt = this.#sentAt = this.#settings.clock.now()
    this.#watch()
  }

  close(): void {
    if (this.#state === 'done') return
    this.#end()
    this.#feed?.end()
  }

  /** A datagram from the remote. */
  hear(bytes: Uint8Array): void {
    const { meeting, tell } = this.#settings
    this.#heardAt = this.#settings.clock.now()
    if (meeting && this.#state === 'trying') tell({ type: 'received', bytes })
    else if (meeting && readGreeting(bytes)) this.#greeted(meeting, bytes)
    else this.#feed?.deliver(bytes)
  }

  /** The peer has been proven to be elsewhere now, and over this source. */
  move(remote: Endpoint, source = this.#source): void {
    this.#remote = remote
    this.#source = source
    this.#heardAt = this.#settings.clock.now()
    this.#settings.tell({ type: 'moved', remote })
  }

  fail(why: Failure): void {
    if (this.#state === 'done') return
    this.#end()
    this.#feed?.end(why)
    this.#settings.tell({ type: 'failed', failure: why })
  }

  #isDone(): boolean {
    return this.#state === 'done'
  }

  /** A peer that has started anew cannot be answered as the one that we hold; its proof ends the path. */
  #greeted(meeting: Meeting, bytes: Uint8Array): void {
    const before = meeting.peer
    const verdict = meeting.receive(bytes)
    for (const answer of meeting.takeAnswers()) this.#send(answer)
    const isOther = before && meeting.peer && !isEqual(before, meeting.peer)
    if (typeof verdict === 'object') this.fail(verdict)
    else if (isOther) this.fail(failure('PEER_RESTARTED', 'connected'))
  }

  #send(bytes: Uint8Array): boolean {
    this.#sentAt = this.#settings.clock.now()
    return this.#source?.send(bytes, this.#remote) ?? false
  }

  /** One timer for both: when something has to be sent, or heard. */
  #watch(): void {
    const { clock, keepalive, meeting } = this.#settings
    const pingAt = meeting ? this.#sentAt + (keepalive.ping ?? Infinity) : Infinity
    const due = Math.min(pingAt, this.#heardAt + (keepalive.restart ?? Infinity))
    if (due < Infinity) this.#timer = clock.setTimeout(() => this.#tick(), due - clock.now())
  }

  #tick(): void {
    const { clock, keepalive, meeting } = this.#settings
    const now = clock.now()
    if (now - this.#heardAt >= (keepalive.restart ?? Infinity)) return this.fail(failure('PING_RESTART', 'connected'))
    if (meeting && now - this.#sentAt >= (keepalive.ping ?? Infinity)) this.#send(meeting.request)
    this.#watch()
  }

  #end(): void {
    this.#state = 'done'
    this.#settings.clock.clearTimeout(this.#timer)
    this.#source = undefined
    this.#settings.closed()
  }
}
