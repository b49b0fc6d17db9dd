/**
 * One way to a peer over UDP: from a socket of ours, which others may share, to one remote endpoint. What a dialer tries
 * and then holds as its `WireSocket`, over whatever the junction gives it as a source.
 *
 * Held, it goes on answering the peer's greetings, greets until the peer is known to be connected too, keeps itself alive,
 * and hands everything else to the program. It owns no socket: `closed` tells who does.
 */
import type { Clock } from './actors.ts'
import type { Exchange } from './confirmation.ts'
import type { Refused } from './dock.ts'
import type { Endpoint } from './endpoint.ts'
import { type Failure, failure, isRefusal } from './failure.ts'
import { Meeting, PACE, isEqual, readGreeting } from './meeting.ts'
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
  readonly send: (bytes: Uint8Array, to: Endpoint, refused?: Refused) => boolean
}

/** What a ring makes of it for the program. */
export interface Feed {
  readonly handle: unknown
  /** A datagram from the peer. */
  readonly deliver: (bytes: Uint8Array) => void
  /** A datagram that is not the peer's, and is counted. */
  readonly drop?: () => void
  /** It is over: with a failure for the reader, or silently. */
  readonly end: (cause?: Failure) => void
}

/** What a ring makes it of. */
export interface Carrier {
  readonly local: Endpoint
  /** Of the moment: with `float` a peer may move. */
  readonly remote: Endpoint
  /** `false`: its socket is gone. */
  readonly send: (bytes: Uint8Array, refused?: Refused) => boolean
  readonly close: () => void
}

export interface PathSettings {
  readonly clock: Clock
  readonly keepalive: Keepalive
  readonly feedFor: (carrier: Carrier) => Feed
  /** What the dialer judges by; absent, nothing is confirmed. After another one than ours every datagram is the program's. */
  readonly exchange: Exchange | undefined
  readonly tell: (event: WireEvent) => void
  /** Told once, whoever closed it. */
  readonly closed: () => void
}

/** Greetings that the peer may leave unanswered before it has connected too; in less than the long life of a connection. */
const MAX_UNSETTLED = 80

export class Path implements WireSocket {
  readonly #settings: PathSettings
  readonly #meeting: Meeting | undefined
  #remote: Endpoint
  #out: Source['send'] | undefined
  #feed: Feed | undefined
  #state: 'trying' | 'held' | 'done' = 'trying'
  #timer: unknown
  #heardAt = 0
  #sentAt = 0

  constructor(remote: Endpoint, settings: PathSettings) {
    this.#settings = settings
    this.#meeting = settings.exchange instanceof Meeting ? settings.exchange : undefined
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
    return this.#state === 'held' ? this.#meeting?.peer : undefined
  }

  /** It is being tried, and works both ways. */
  get isProven(): boolean {
    return this.#state === 'trying' && this.#meeting?.peer !== undefined
  }

  /** Not from inside `open`. */
  connect(source: Source): void {
    if (this.#isDone()) return
    const { feedFor, tell } = this.#settings
    // The carrier asks for the remote again and again.
    const remoteOf = () => this.#remote
    this.#out = source.send
    this.#feed = feedFor({
      local: source.local,
      get remote() {
        return remoteOf()
      },
      send: (bytes, refused) => this.#send(bytes, refused),
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
    this.#settle(MAX_UNSETTLED)
  }

  close(): void {
    if (this.#state === 'done') return
    this.#end()
    this.#feed?.end()
  }

  /** A datagram from the remote. */
  hear(bytes: Uint8Array): void {
    const { exchange, tell } = this.#settings
    this.#heardAt = this.#settings.clock.now()
    if (exchange && this.#state === 'trying') tell({ type: 'received', bytes })
    else if (this.#meeting && readGreeting(bytes)) this.#greeted(this.#meeting, bytes)
    else this.#feed?.deliver(bytes)
  }

  /** The peer has been proven to be elsewhere now, where `out` leads. */
  move(remote: Endpoint, out: Source['send']): void {
    this.#remote = remote
    this.#out = out
    this.#heardAt = this.#settings.clock.now()
    this.#settings.tell({ type: 'moved', remote })
  }

  /** Its socket is gone for good. It says so later: who closed that may be about to stop us too. */
  orphan(): void {
    const { clock } = this.#settings
    clock.clearTimeout(this.#timer)
    this.#timer = clock.setTimeout(() => this.fail(failure('LISTENER_LOST', 'connected')), 0)
  }

  fail({ code, message }: Failure): void {
    if (this.#state === 'done') return
    const why = failure(code, this.#state === 'held' ? 'connected' : 'open', message)
    this.#end()
    this.#feed?.end(why)
    this.#settings.tell({ type: 'failed', failure: why })
  }

  #isDone(): boolean {
    return this.#state === 'done'
  }

  /** A peer that has started anew, and has proven it, cannot be answered as the one that we hold. */
  #greeted(meeting: Meeting, bytes: Uint8Array): void {
    const before = meeting.peer as Uint8Array
    const verdict = meeting.receive(bytes)
    for (const answer of meeting.takeAnswers()) this.#send(answer)
    if (typeof verdict === 'object') this.fail(verdict)
    else if (!isEqual(before, meeting.peer as Uint8Array)) this.fail(failure('PEER_RESTARTED', 'connected'))
  }

  #send(bytes: Uint8Array, refused?: Refused): boolean {
    this.#sentAt = this.#settings.clock.now()
    const hear: Refused = (why) => {
      refused?.(why)
      if (isRefusal(why.code)) this.fail(why)
    }
    return this.#out?.(bytes, this.#remote, hear) ?? false
  }

  /** Until the peer has connected too it may be elsewhere, and has to hear that we are here. */
  #settle(left: number): void {
    const { clock } = this.#settings
    const meeting = this.#meeting
    if (!meeting || meeting.isSettled) return this.#watch()
    if (left === 0) return this.fail(failure('TIMEOUT', 'connected', 'the peer has not come to the path that it chose'))
    this.#send(meeting.request)
    this.#timer = clock.setTimeout(() => this.#settle(left - 1), PACE)
  }

  /** One timer for both: when something has to be sent, or heard. */
  #watch(): void {
    const { clock, keepalive } = this.#settings
    const pingAt = this.#meeting ? this.#sentAt + (keepalive.ping ?? Infinity) : Infinity
    const due = Math.min(pingAt, this.#heardAt + (keepalive.restart ?? Infinity))
    if (due < Infinity) this.#timer = clock.setTimeout(() => this.#tick(), due - clock.now())
  }

  #tick(): void {
    const { clock, keepalive } = this.#settings
    const now = clock.now()
    if (now - this.#heardAt >= (keepalive.restart ?? Infinity)) return this.fail(failure('PING_RESTART', 'connected'))
    if (this.#meeting && now - this.#sentAt >= (keepalive.ping ?? Infinity)) this.#send(this.#meeting.request)
    this.#watch()
  }

  #end(): void {
    this.#state = 'done'
    this.#settings.clock.clearTimeout(this.#timer)
    this.#out = undefined
    this.#settings.closed()
  }
}
