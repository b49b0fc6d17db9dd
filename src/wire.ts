/**
 * One socket, as little of it as a dialer needs. The two twins differ in this and nothing else: `src/sim/wire.ts` is
 * the virtual network, `src/node/wire.ts` is the kernel's. What to do with a socket is decided once, in `dialer.ts`.
 */
import type { Endpoint, Family, Transport } from './endpoint.ts'
import type { Exchange } from './confirmation.ts'
import type { Failure } from './failure.ts'

export interface WireRequest {
  readonly attempt: number
  readonly transport: Transport
  readonly family: Family
  readonly remote: Endpoint
  readonly local?: { readonly address?: string | undefined; readonly port: number } | undefined
  /** Whether the dialer reads (a confirmation, a negotiation); otherwise no byte is taken before the user does. */
  readonly reads: boolean
  /** What judges the bytes, for a wire that goes on with it after the hand-over. */
  readonly exchange?: Exchange | undefined
}

/** Never told from inside `open`, `send` or `close`; nothing more after `failed`, or after `close`. */
export type WireEvent =
  /** The socket exists and is bound, where it was to be bound. */
  | { readonly type: 'opened'; readonly local?: Endpoint | undefined }
  | { readonly type: 'connected'; readonly local?: Endpoint | undefined }
  /** A hop carries us further; the first is 1. */
  | { readonly type: 'negotiated'; readonly hop: number }
  /** From the peer; a datagram from elsewhere is dropped and counted by the wire. Only before the hand-over. */
  | { readonly type: 'received'; readonly bytes: Uint8Array }
  /** A peer that may move has done so. */
  | { readonly type: 'moved'; readonly remote: Endpoint }
  /** An error, or the peer's end: code and stage in the failure. The socket is closed. */
  | { readonly type: 'failed'; readonly failure: Failure }

export interface WireSocket {
  /** What the user gets: a `net.Socket` or a `DatagramChannel` in the Node ring. */
  readonly handle: unknown
  /** `refused`: hears, later, what is wrong with this one datagram, which is then no failure of the socket. */
  readonly send: (bytes: Uint8Array, refused?: (why: Failure) => void) => void
  /**
   * The hand-over: reading stops, `early` bytes that were taken go back to the front. `release` detaches every listener
   * of the engine; otherwise `failed` is still told when the connection is lost.
   */
  readonly accept: (release: boolean, early: readonly Uint8Array[]) => void
  /**
   * Closes at once; a second call, and one after a failure or a release, does nothing. Never throws. `abruptly`: with a
   * reset, which leaves nothing behind at a local port that is to be bound again.
   */
  readonly close: (how?: { readonly abruptly: boolean }) => void
}

export interface Wire {
  readonly open: (request: WireRequest, tell: (event: WireEvent) => void) => WireSocket
}
