/**
 * OpenVPN's hard reset, the first two packets of every session, as a confirmation: the client's
 * P_CONTROL_HARD_RESET_CLIENT_V2 goes out, and the server's answer proves that it is there and, with `tls-auth` or
 * `tls-crypt`, that it has our key. Nothing of a session is kept; a server in `mode server` keeps nothing over UDP either.
 *
 * Bytes only: digests, the cipher, the session id and the wall clock come in. Formats are those of OpenVPN 2.6
 * (ssl_pkt.c, tls_crypt.c, crypto.c).
 */
import { concat } from './concat.ts'
import type { Exchange } from './confirmation.ts'
import type { Transport } from './endpoint.ts'
import { type Failure, failure } from './failure.ts'

/** `key` is what the digest wants of a static key; the result is the whole MAC. */
export type Hmac = (key: Uint8Array, bytes: Uint8Array) => Uint8Array
/** AES-256 in counter mode, which is its own inverse. */
export type Counter = (key: Uint8Array, iv: Uint8Array, bytes: Uint8Array) => Uint8Array

/** How a control packet is put on the wire and taken off it again. `body` is what stands behind the head. */
export interface Wrapping {
  readonly wrap: (head: Uint8Array, body: Uint8Array) => Uint8Array
  /** The body of a packet that is genuine; `undefined` for any other. */
  readonly unwrap: (packet: Uint8Array) => Uint8Array | undefined
}

const CLIENT_RESET = 7 << 3 // P_CONTROL_HARD_RESET_CLIENT_V2, key id 0
const SERVER_RESET = 8 << 3 // P_CONTROL_HARD_RESET_SERVER_V2, key id 0
const SESSION_ID = 8
/** Opcode and session id. */
const HEAD = 1 + SESSION_ID
/** The replay counter in its long form: a number and the wall clock. */
const REPLAY = 4 + 4
/** HMAC-SHA256; its first half is the counter's start. */
const TAG = 32
/** The longest answer is under 150 bytes; a frame that announces more is some other protocol's text. */
const MAX_FRAME = 1024

export interface Reset {
  readonly transport: Transport
  /** 8 bytes, not used before. */
  readonly sessionId: Uint8Array
  readonly wrapping: Wrapping
}

export function hardReset({ transport, sessionId, wrapping }: Reset): Exchange {
  const packet = wrapping.wrap(concat([CLIENT_RESET], sessionId), new Uint8Array(1 + 4)) // no acks, packet id 0
  const answers = (reply: Uint8Array): boolean =>
    reply[0] === SERVER_RESET && acknowledges(wrapping.unwrap(reply), sessionId)
  if (transport === 'tcp') return { request: framed(packet), receive: frameReader(answers) }
  // Anybody may send a datagram in the server's name, so a bad one says nothing.
  return { request: packet, receive: (bytes) => (answers(bytes) ? 'confirmed' : 'waiting') }
}

/** Body: number of acks, the acks (4 bytes each), then, if there are any, the session id that they are for. */
function acknowledges(body: Uint8Array | undefined, sessionId: Uint8Array): boolean {
  const acks = body?.[0] ?? 0
  const theirs = body?.subarray(1 + 4 * acks, 1 + 4 * acks + SESSION_ID)
  return acks > 0 && theirs !== undefined && equal(theirs, sessionId)
}

function framed(packet: Uint8Array): Uint8Array {
  return concat([packet.length >> 8, packet.length & 0xff], packet)
}

/** Over TCP each packet stands behind its length; chunks may cut it anywhere. */
function frameReader(
  answers: (packet: Uint8Array) => boolean,
): (chunk: Uint8Array) => 'confirmed' | 'waiting' | Failure {
  let taken = new Uint8Array(0)
  return (chunk) => {
    taken = concat(taken, chunk.subarray(0, 2 + MAX_FRAME - taken.length))
    if (taken.length < 2) return 'waiting'
    const length = new DataView(taken.buffer).getUint16(0)
    if (length < HEAD || length > MAX_FRAME) return failure('BAD_REPLY', 'confirm', NOT_OPENVPN)
    if (taken.length < 2 + length) return 'waiting'
    return answers(taken.subarray(2, 2 + length)) ? 'confirmed' : failure('BAD_REPLY', 'confirm', NOT_OURS)
  }
}

const NOT_OPENVPN = 'the peer does not speak OpenVPN'
const NOT_OURS = 'the peer answered, but not to our packet, or it signs with another key'

export const plain: Wrapping = {
  wrap: concat,
  unwrap: (packet) => packet.subarray(HEAD),
}

/** A static key of OpenVPN: 2 keys, each 64 bytes for a cipher, then 64 for a digest. */
function keyAt(key: Uint8Array, index: 0 | 1, use: 'cipher' | 'digest', length: number): Uint8Array {
  const start = index * 128 + (use === 'digest' ? 64 : 0)
  return key.subarray(start, start + length)
}

export interface TlsAuth {
  /** 256 bytes. */
  readonly key: Uint8Array
  /** `key-direction` on our side; without one both sides sign with the first key. */
  readonly direction: 0 | 1 | undefined
  readonly hmac: Hmac
  /** Bytes that the digest makes, and takes of the key. */
  readonly digestLength: number
  /** Wall clock, s. */
  readonly seconds: number
}

/** On the wire: head, MAC, replay counter, body; the MAC is made over replay counter, head, body (`swap_hmac`). */
export function tlsAuth({ key, direction, hmac, digestLength, seconds }: TlsAuth): Wrapping {
  const out = keyAt(key, direction ?? 0, 'digest', digestLength)
  const back = keyAt(key, direction === 0 ? 1 : 0, 'digest', digestLength)
  const replay = replayCounter(seconds)
  return {
    wrap: (head, body) => concat(head, hmac(out, concat(replay, head, body)), replay, body),
    unwrap: (packet) => {
      if (packet.length < HEAD + digestLength + REPLAY) return undefined
      const [head, mac, counter, body] = cut(packet, HEAD, digestLength, REPLAY)
      return equal(mac, hmac(back, concat(counter, head, body))) ? body : undefined
    },
  }
}

export interface TlsCrypt {
  /** 256 bytes. A client sends with the second key and receives with the first. */
  readonly key: Uint8Array
  /** HMAC-SHA256. */
  readonly hmac: Hmac
  readonly counter: Counter
  /** Wall clock, s. */
  readonly seconds: number
}

/** On the wire: head, replay counter, tag, and the body encrypted under the tag's first 16 bytes. */
export function tlsCrypt({ key, hmac, counter, seconds }: TlsCrypt): Wrapping {
  const replay = replayCounter(seconds)
  const keys = (index: 0 | 1) => ({ cipher: keyAt(key, index, 'cipher', 32), digest: keyAt(key, index, 'digest', 32) })
  const [back, out] = [keys(0), keys(1)]
  return {
    wrap: (head, body) => {
      const tag = hmac(out.digest, concat(head, replay, body))
      return concat(head, replay, tag, counter(out.cipher, tag.subarray(0, 16), body))
    },
    unwrap: (packet) => {
      if (packet.length < HEAD + REPLAY + TAG) return undefined
      const [head, replayed, tag, sealed] = cut(packet, HEAD, REPLAY, TAG)
      const body = counter(back.cipher, tag.subarray(0, 16), sealed)
      return equal(tag, hmac(back.digest, concat(head, replayed, body))) ? body : undefined
    },
  }
}

/** The first packet of a session, at this second: a server takes it however often it comes. */
function replayCounter(seconds: number): Uint8Array {
  const bytes = new Uint8Array(REPLAY)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, 1)
  view.setUint32(4, seconds)
  return bytes
}

/** Three fields of fixed length, and the rest. */
function cut(bytes: Uint8Array, a: number, b: number, c: number): [Uint8Array, Uint8Array, Uint8Array, Uint8Array] {
  return [bytes.subarray(0, a), bytes.subarray(a, a + b), bytes.subarray(a + b, a + b + c), bytes.subarray(a + b + c)]
}

/** In the same time wherever they differ: a MAC is compared with it. */
function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.reduce((differing, byte, i) => differing | (byte ^ (b[i] as number)), 0) === 0
}
