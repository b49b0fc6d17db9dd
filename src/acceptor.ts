/**
 * The clients of one server, over all its blocks: whom to let in, who is there, and who is sent away because it says
 * nothing. TCP clients and UDP peers alike have a number each, and what happens to them is noted by the root.
 *
 * It opens nothing. A guest is closed here when it is refused or dropped, and otherwise belongs to the user; a UDP peer
 * is a client as long as it was heard within the last minute.
 */
import type { Clock, Limits } from './actors.ts'
import { Admission, type Refusal } from './admission.ts'
import type { Porter } from './binder.ts'
import type { Guest, Refused } from './dock.ts'
import type { Endpoint } from './endpoint.ts'
import { Expiry, type Touched } from './expiry.ts'
import { failure } from './failure.ts'
import { guestsOf } from './handles.ts'
import type { ServerNote } from './roster.ts'

/** A UDP peer that was not heard for so long, ms, is no client any more. */
const IDLE = 60_000
/** With a hand-window; without one, nobody who is silent is in anybody's way. */
const MAX_PENDING = 100
/** Bytes of a datagram's header (RFC 768). They count, or there could be empty replies without end. */
const UDP_HEADER = 8

/** What the host does with whom is let in. Called last, when all is in order: a throw is the host's, and breaks nothing. */
export interface Reception {
  connected(arrival: { readonly peer: number; readonly listener: number; readonly guest: Guest }): void
  heard(message: Message): void
}

/** A datagram of a UDP peer. */
export interface Message {
  readonly peer: number
  readonly listener: number
  readonly remote: Endpoint
  readonly bytes: Uint8Array
  /**
   * Sends from the listener's own socket. `false`: not sent, since that is gone, or since with `amplification-limit` all
   * replies together, headers included, would be larger than this was.
   */
  readonly reply: (bytes: Uint8Array) => boolean
}

type Unstamped<Note> = Note extends unknown ? Omit<Note, 'at'> : never
export type PeerNote = Unstamped<Extract<ServerNote, { readonly type: `peer.${string}` }>>

/** The block on whose behalf somebody is let in: its binder. */
export interface House {
  /** Its TCP clients and, by listener, address and port, its UDP peers. Nobody but the acceptor changes them. */
  readonly clients: Set<Client>
  readonly peers: Map<string, Peer>
  emit(note: PeerNote): void
  /** A datagram from the socket of a listener; `false` when that is gone. */
  send(listener: number, bytes: Uint8Array, to: Endpoint, refused?: Refused): boolean
  /** The last of its TCP clients has gone. */
  emptied(): void
}

export interface Client extends Touched<Client> {
  readonly number: number
  readonly house: House
  readonly guest: Guest
}

export interface Peer extends Touched<Peer> {
  readonly number: number
  readonly house: House
  readonly listener: number
  readonly key: string
}

const acceptorsBySystem = new WeakMap<object, Acceptor>()

/** For `binderLogic`: one acceptor for each root, made when its first binder asks. */
export const acceptors =
  (receptionOf: (system: object) => Reception) =>
  ({
    system,
    clock,
    input: { limits },
  }: {
    readonly system: object
    readonly clock: Clock
    readonly input: { readonly limits: Limits }
  }): Acceptor => {
    let acceptor = acceptorsBySystem.get(system)
    if (!acceptor) acceptorsBySystem.set(system, (acceptor = new Acceptor(system, clock, limits, receptionOf(system))))
    return acceptor
  }

export class Acceptor implements Porter {
  readonly #clock: Clock
  readonly #reception: Reception
  readonly #guests: Map<number, Guest>
  readonly #admission: Admission
  readonly #amplificationLimit: boolean
  readonly #maxPending: number
  /** TCP clients that have sent no byte when they were looked at last; nobody looks without a limit. */
  readonly #silent: Expiry<Client> | undefined
  readonly #heard: Expiry<Peer>
  #numbers = 0

  constructor(system: object, clock: Clock, limits: Limits, reception: Reception) {
    const { handWindow, maxPending = handWindow === undefined ? Infinity : MAX_PENDING } = limits
    this.#clock = clock
    this.#reception = reception
    this.#guests = guestsOf(system)
    this.#admission = new Admission(limits)
    this.#amplificationLimit = limits.amplificationLimit
    this.#maxPending = maxPending
    if (maxPending < Infinity)
      this.#silent = new Expiry(clock, handWindow ?? Infinity, (client) => {
        if (!client.guest.hasSpoken()) this.#drop(client, 'HAND_WINDOW')
      })
    this.#heard = new Expiry(clock, IDLE, (peer) => this.#close(peer))
  }

  bound(): void {
    // Who comes is judged by whom they come to, not before.
  }

  arrived(house: House, listener: number, guest: Guest): void {
    const { remote } = guest
    const refusal = this.#admission.admit(remote, this.#clock.now())
    if (refusal) {
      guest.close()
      return this.#refuse(house, listener, remote, refusal)
    }
    const client: Client = { number: ++this.#numbers, house, guest, since: 0 }
    house.clients.add(client)
    this.#guests.set(client.number, guest)
    this.#silent?.touch(client)
    guest.watch(() => {
      if (this.#remove(client)) house.emit({ type: 'peer.closed', peer: client.number })
    })
    house.emit({ type: 'peer.accepted', peer: client.number, listener, remote })
    this.#limitSilent()
    // Whoever heard of it may have stopped the server by now.
    if (house.clients.has(client)) this.#reception.connected({ peer: client.number, listener, guest })
  }

  /** A datagram has come. */
  heard(house: House, listener: number, remote: Endpoint, bytes: Uint8Array): void {
    const peer = this.#peerOf(house, listener, remote)
    if (!peer) return
    this.#heard.touch(peer)
    let left = this.#amplificationLimit ? UDP_HEADER + bytes.length : Infinity
    const reply = (answer: Uint8Array): boolean => {
      const size = UDP_HEADER + answer.length
      if (size > left || !house.send(listener, answer, remote)) return false
      left -= size
      return true
    }
    this.#reception.heard({ peer: peer.number, listener, remote, bytes, reply })
  }

  /** The system itself has turned a TCP client away. */
  turnedAway(house: House, listener: number, remote: Endpoint | undefined): void {
    this.#refuse(house, listener, remote, 'FD_BUDGET')
  }

  /** The UDP peers of a listener, or of a whole block, have nobody left to speak to. */
  silence(house: House, listener?: number): void {
    for (const peer of house.peers.values()) if (listener === undefined || listener === peer.listener) this.#close(peer)
  }

  /** Drops the TCP clients of a block that are left. */
  evict(house: House): void {
    for (const client of house.clients) this.#drop(client, 'GRACE')
  }

  #peerOf(house: House, listener: number, remote: Endpoint): Peer | undefined {
    const key = `${listener} ${remote.address} ${remote.port}`
    const known = house.peers.get(key)
    if (known) return known
    const refusal = this.#admission.admit(remote, this.#clock.now())
    if (refusal) {
      this.#refuse(house, listener, remote, refusal)
      return undefined
    }
    const peer: Peer = { number: ++this.#numbers, house, listener, key, since: 0 }
    house.peers.set(key, peer)
    house.emit({ type: 'peer.accepted', peer: peer.number, listener, remote })
    // Whoever heard of it may have stopped the server by now.
    return house.peers.get(key)
  }

  #refuse(house: House, listener: number, remote: Endpoint | undefined, refusal: Refusal | 'FD_BUDGET'): void {
    house.emit({ type: 'peer.refused', listener, remote: remote ?? null, failure: failure(refusal, 'accept') })
  }

  /** When there are too many, the oldest makes room for the one that has come last. */
  #limitSilent(): void {
    if (!this.#silent || this.#silent.line.size <= this.#maxPending) return
    const { line } = this.#silent
    for (const other of line) if (other.guest.hasSpoken()) this.#silent.forget(other)
    if (line.oldest && line.size > this.#maxPending) this.#drop(line.oldest, 'MAX_PENDING')
  }

  #drop(client: Client, code: 'MAX_PENDING' | 'HAND_WINDOW' | 'GRACE'): void {
    this.#remove(client)
    client.guest.close()
    client.house.emit({ type: 'peer.dropped', peer: client.number, failure: failure(code, 'accept') })
  }

  /** `false`: it was removed before. */
  #remove(client: Client): boolean {
    const { house } = client
    if (!house.clients.delete(client)) return false
    this.#guests.delete(client.number)
    this.#silent?.forget(client)
    this.#admission.leave()
    if (house.clients.size === 0) house.emptied()
    return true
  }

  #close(peer: Peer): void {
    peer.house.peers.delete(peer.key)
    this.#heard.forget(peer)
    this.#admission.leave()
    peer.house.emit({ type: 'peer.closed', peer: peer.number })
  }
}
