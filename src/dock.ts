/**
 * One listening socket, as little of it as a binder needs; `wire.ts` is its sister for dialers. The two twins differ in
 * this and nothing else: `src/sim/dock.ts` is the virtual network, `src/node/dock.ts` is the kernel's. What to do with
 * a socket, and whom to let in, is decided once, in `binder.ts` and `acceptor.ts`.
 */
import type { Endpoint, Transport } from './endpoint.ts'
import type { Failure } from './failure.ts'
import type { WireEvent, WireSocket } from './wire.ts'

export interface DockRequest {
  readonly listener: number
  readonly transport: Transport
  /** A v6 socket is always v6-only (R2). Port 0: any. */
  readonly endpoint: Endpoint
}

/** Never told from inside `open`, `send` or `close`; nothing more after `failed`, or after `close`. */
export type DockEvent =
  | { readonly type: 'bound'; readonly local: Endpoint }
  /** It could not be bound, or died. The socket is closed. */
  | { readonly type: 'failed'; readonly failure: Failure }
  /** TCP: a client has connected. Whoever hears it admits it or closes it, at once. */
  | { readonly type: 'arrived'; readonly guest: Guest }
  /** UDP: a datagram. */
  | { readonly type: 'heard'; readonly from: Endpoint; readonly bytes: Uint8Array }
  /** The system itself turned a client away, since this process has too many sockets. */
  | { readonly type: 'turnedAway'; readonly from: Endpoint | undefined }

export type Refused = (why: Failure) => void

export interface DockSocket {
  /** What a program may look at: a `net.Server` or a `dgram.Socket` in the Node ring. */
  readonly handle: unknown
  /**
   * UDP: a datagram to `to`, from this very socket. What the system refuses is dropped, as a datagram may be; `refused`
   * is told why, before this turn of the loop has ended.
   */
  readonly send: (bytes: Uint8Array, to: Endpoint, refused?: Refused) => void
  /** Closes at once; a second call, and one after a failure, does nothing. Its guests live on. Never throws. */
  readonly close: () => void
}

/** A TCP client that has connected. */
export interface Guest {
  /** What the user gets: a `net.Socket` in the Node ring. */
  readonly handle: unknown
  readonly remote: Endpoint
  readonly local: Endpoint
  /** Whether a byte of it has arrived. */
  readonly hasSpoken: () => boolean
  /** `gone`: called once when it has closed, whoever closed it; never from inside `close`. */
  readonly watch: (gone: () => void) => void
  /** Closes at once, with a reset; idempotent. Never throws. */
  readonly close: () => void
  /** Makes it what a dialer has, for TCP peers; `opened` and `connected` are told, not from inside. `reads`: as in a request. */
  readonly adopt?: (reads: boolean, tell: (event: WireEvent) => void) => WireSocket
}

export interface Dock {
  readonly open: (request: DockRequest, tell: (event: DockEvent) => void) => DockSocket
}
