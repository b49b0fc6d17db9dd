/**
 * A negotiator talks a hop into carrying us further, sans I/O: bytes in, bytes out. The engine has the socket, the
 * deadline and the limits; a negotiator has the protocol. Nothing here throws, and nothing is kept from one attempt to
 * the next.
 */
import type { HopConfig } from '../config/schema.ts'
import type { Transport } from '../endpoint.ts'

/** What a negotiator is made for. */
export interface HopRequest {
  readonly hop: HopConfig
  /** Where the hop is to carry us: the next hop, or the remote. A name is the hop's to resolve. */
  readonly target: { readonly host: string; readonly port: number }
  /** `udp`: datagrams are to be carried, through a relay; only the last hop is asked for that. */
  readonly transport: Transport
  /** False: some hop of the way is told a secret, and whoever heard or carried it may say it. Quote nothing that comes. */
  readonly mayQuote: boolean
  /** What a handle among the settings stands for. It goes into the bytes for this hop, and nowhere else. */
  readonly open: (handle: string) => Uint8Array | undefined
  readonly tools: Tools
}

/** What a negotiator may use besides bytes. All of them are the platform's. */
export interface Tools {
  readonly hash: (algorithm: 'md4' | 'md5' | 'sha256', bytes: Uint8Array) => Uint8Array
  readonly hmac: (algorithm: 'md5' | 'sha256', key: Uint8Array, bytes: Uint8Array) => Uint8Array
  readonly random: (length: number) => Uint8Array
  /** ms since 1970. */
  readonly wall: () => number
}

export interface Negotiator {
  /**
   * A connection to the hop stands: the first, or another one, which this hop asked for by `reopen`, or one behind it, after
   * this one had succeeded. What was learnt is kept; what was agreed on for the last connection alone is over.
   */
  readonly begin: () => Progress
  /** Bytes of the hop, at least one, however they were cut. Not called after `done`, `failed` or `reopen`. */
  readonly receive: (bytes: Uint8Array) => Progress
}

export type Progress =
  /** `send` it, and wait for more. */
  | { readonly state: 'waiting'; readonly send?: Uint8Array | undefined }
  /**
   * It carries us. `early`: bytes behind the reply, which are the target's. `send`: what is still to be said to the hop
   * before anything else, when it answered faster than it was asked; how replies are cut must not make a difference.
   */
  | {
      readonly state: 'done'
      readonly send?: Uint8Array | undefined
      readonly early?: Uint8Array | undefined
      readonly relay?: Relay | undefined
    }
  | { readonly state: 'failed'; readonly code: string; readonly message: string }
  /** Close this connection, and begin again on a new one, with the first hop and under the same deadline. */
  | { readonly state: 'reopen' }

/** Where datagrams are carried for us, as long as the connection to the hop stands. */
export interface Relay {
  /** A literal, as the hop said it; unspecified (`0.0.0.0`): the hop's own address. The engine judges it. */
  readonly address: string
  readonly port: number
  readonly wrap: (payload: Uint8Array) => Uint8Array
  /** `undefined`: it is not from the target, or cannot be read; the engine drops and counts it. */
  readonly unwrap: (datagram: Uint8Array) => Uint8Array | undefined
}

/** Bytes of one negotiation with one hop, all its replies together; a hop that says more fails with `REPLY_TOO_LONG`. */
export const MAX_REPLY_BYTES = 65_536

/** Whether that is what a negotiator may return; its author may have no compiler. */
export function isProgress(value: unknown): value is Progress {
  if (!isRecord(value)) return false
  const { state, send, early, relay, code, message } = value
  const isWhole = [send, early].every((bytes) => bytes === undefined || bytes instanceof Uint8Array)
  switch (state) {
    case 'waiting':
      return isWhole
    case 'done':
      return isWhole && (relay === undefined || isRelay(relay))
    case 'failed':
      return typeof code === 'string' && typeof message === 'string'
    default:
      return state === 'reopen'
  }
}

function isRelay(value: unknown): value is Relay {
  if (!isRecord(value)) return false
  const { address, port, wrap, unwrap } = value
  const isPlace = typeof address === 'string' && typeof port === 'number'
  return isPlace && typeof wrap === 'function' && typeof unwrap === 'function'
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null
