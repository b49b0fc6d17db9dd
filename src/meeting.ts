/**
 * `confirm peer`: how two peers find out that a path works both ways, and agree on one (R5). Sans I/O: packets in,
 * packets out. Each packet is 32 bytes and says all that its sender knows, so that any one that arrives will do:
 *
 *     'SKP1' | flags | 0 0 0 | instance id (8) | my cookie for this path (8) | your cookie, as I heard it (8)
 *
 * A cookie comes back only from who can be reached where it was sent to; it is made from the path and a secret, so that
 * a stranger is answered without any state (RFC 9000 section 8.1 has the same idea). An answer is as large as what it
 * answers, and is not answered.
 *
 * Who has seen its cookie come back has *proven* the path; nothing else is believed. The peer
 * with the larger instance id leads: it nominates a path that it has proven. The other agrees and is connected; then the
 * first is, when it hears so, and says so in turn. Both are on this path only. A passive peer never leads.
 *
 * It is no authentication: whoever reads packets on the path can answer for the peer. That is for the program to do.
 */
import { concat } from './concat.ts'
import type { Exchange } from './confirmation.ts'
import { type Failure, failure } from './failure.ts'

export const PACKET_BYTES = 32

/** Between two packets of an attempt, ms: with five of six lost either way, a meeting still takes less than 10 s. */
export const PACE = 100
/** Datagrams of the program's peer that may come before it is confirmed here. */
const MAX_EARLY = 64

const MAGIC = [0x53, 0x4b, 0x50, 0x31] // SKP1
const ANSWER = 1
const NOMINATED = 2
const CONNECTED = 4
const PASSIVE = 8

/** What a peer is to others. */
export interface Identity {
  /** 8 random bytes, new for each start. */
  readonly id: Uint8Array
  /** A `udp-server` or `tcp-server`: it waits, and lets the other choose. */
  readonly passive: boolean
  /** 8 bytes that only we can make: of a path, by its name. */
  readonly cookieFor: (path: string) => Uint8Array
}

/** A packet, read. */
export interface Greeting {
  readonly isAnswer: boolean
  readonly nominates: boolean
  /** Its sender has connected on this path. */
  readonly isConnected: boolean
  readonly isPassive: boolean
  readonly id: Uint8Array
  readonly cookie: Uint8Array
  readonly echo: Uint8Array
}

const NOTHING = new Uint8Array(8)

/** `undefined`: it is no packet of ours, but the program's. */
export function readGreeting(bytes: Uint8Array): Greeting | undefined {
  if (bytes.length !== PACKET_BYTES || MAGIC.some((byte, i) => bytes[i] !== byte)) return undefined
  const flags = bytes[4] as number
  return {
    isAnswer: (flags & ANSWER) > 0,
    nominates: (flags & NOMINATED) > 0,
    isConnected: (flags & CONNECTED) > 0,
    isPassive: (flags & PASSIVE) > 0,
    id: bytes.slice(8, 16),
    cookie: bytes.slice(16, 24),
    echo: bytes.slice(24, 32),
  }
}

function packet({ id, passive }: Identity, flags: number, cookie: Uint8Array, echo: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(PACKET_BYTES)
  bytes.set(MAGIC)
  bytes[4] = flags | (passive ? PASSIVE : 0)
  bytes.set(id, 8)
  bytes.set(cookie, 16)
  bytes.set(echo, 24)
  return bytes
}

/** The answer to a greeting on a path that we are not trying; `undefined`: it was an answer itself. Keeps nothing. */
export function answerTo(greeting: Greeting, identity: Identity, path: string): Uint8Array | undefined {
  return greeting.isAnswer ? undefined : packet(identity, ANSWER, identity.cookieFor(path), greeting.cookie)
}

/** To be answered by whoever is there. */
export const probe = (identity: Identity, path: string, echo: Uint8Array = NOTHING): Uint8Array =>
  packet(identity, 0, identity.cookieFor(path), echo)

/** Whether its sender was reached on this path by something that we sent there. */
export const isProof = ({ echo }: Greeting, { cookieFor }: Identity, path: string): boolean =>
  isEqual(echo, cookieFor(path))

/** Which of the two is to choose the path. */
export const leads = ({ id, passive }: Identity, other: Greeting): boolean =>
  !passive && (other.isPassive || compare(id, other.id) > 0)

export const isEqual = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && compare(a, b) === 0

function compare(a: Uint8Array, b: Uint8Array): number {
  const at = a.findIndex((byte, i) => byte !== b[i])
  return at < 0 ? 0 : (a[at] as number) - (b[at] as number)
}

/** One attempt at one path. Over TCP the packets come as a stream. */
export class Meeting implements Exchange {
  readonly pace = PACE
  readonly #identity: Identity
  readonly #cookie: Uint8Array
  readonly #isStream: boolean
  readonly #early: Uint8Array[] = []
  #pending: Uint8Array = new Uint8Array(0)
  #answers: Uint8Array[] = []
  #peer: Uint8Array | undefined
  #heard: Uint8Array = NOTHING
  #leads = false
  #isConnected = false
  #isSettled = false

  constructor(identity: Identity, path: string, transport: 'tcp' | 'udp') {
    this.#identity = identity
    this.#cookie = identity.cookieFor(path)
    this.#isStream = transport === 'tcp'
  }

  /** The instance id of the peer, once it has proven the path. */
  get peer(): Uint8Array | undefined {
    return this.#peer
  }

  /** The peer is known to have connected too. */
  get isSettled(): boolean {
    return this.#isSettled
  }

  get request(): Uint8Array {
    return this.#packet(0)
  }

  receive(bytes: Uint8Array): 'confirmed' | 'waiting' | Failure {
    return this.#isStream ? this.#receiveChunk(bytes) : this.#receiveDatagram(bytes)
  }

  takeAnswers(): readonly Uint8Array[] {
    return this.#answers.splice(0)
  }

  takeEarly(): readonly Uint8Array[] {
    return this.#early.splice(0)
  }

  #receiveDatagram(bytes: Uint8Array): 'confirmed' | 'waiting' | Failure {
    const greeting = readGreeting(bytes)
    if (greeting) return this.#greeted(greeting)
    if (this.#peer && this.#early.length < MAX_EARLY) this.#early.push(bytes)
    return 'waiting'
  }

  #receiveChunk(bytes: Uint8Array): 'confirmed' | 'waiting' | Failure {
    let stream = concat(this.#pending, bytes)
    for (; stream.length >= PACKET_BYTES; stream = stream.subarray(PACKET_BYTES)) {
      const greeting = readGreeting(stream.subarray(0, PACKET_BYTES))
      if (!greeting) return failure('BAD_REPLY', 'confirm')
      const verdict = this.#greeted(greeting)
      if (verdict === 'waiting') continue
      // What follows the last packet is the program's.
      if (verdict === 'confirmed' && stream.length > PACKET_BYTES) this.#early.push(stream.slice(PACKET_BYTES))
      return verdict
    }
    this.#pending = stream
    return 'waiting'
  }

  #greeted(greeting: Greeting): 'confirmed' | 'waiting' | Failure {
    const { id, cookie, echo, isAnswer, isConnected, nominates } = greeting
    if (!isEqual(echo, this.#cookie)) {
      if (!this.#peer) this.#heard = cookie
      if (!isAnswer) this.#answers.push(this.#packet(ANSWER, cookie))
      return 'waiting'
    }
    if (isEqual(id, this.#identity.id)) return failure('SELF_CONNECT', 'confirm')
    // One that has started anew has agreed to nothing.
    if (this.#peer && !isEqual(this.#peer, id)) this.#isConnected = this.#isSettled = false
    const before = this.#flags
    this.#peer = id
    this.#heard = cookie
    this.#leads = leads(this.#identity, greeting)
    this.#isSettled ||= isConnected
    this.#isConnected ||= this.#leads ? isConnected : nominates
    if (!isAnswer) this.#answers.push(this.#packet(ANSWER))
    // Over TCP the rest of the stream is the program's, once both have connected.
    else if (this.#flags !== before && !(this.#isStream && this.#isConnected)) this.#answers.push(this.#packet(0))
    return this.#isConnected ? 'confirmed' : 'waiting'
  }

  get #flags(): number {
    return (this.#peer && this.#leads ? NOMINATED : 0) | (this.#isConnected ? CONNECTED : 0)
  }

  #packet(kind: 0 | typeof ANSWER, echo = this.#heard): Uint8Array {
    return packet(this.#identity, kind | this.#flags, this.#cookie, echo)
  }
}
