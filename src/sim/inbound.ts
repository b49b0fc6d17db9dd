/**
 * The virtual network as seen by those who listen: which sockets listen where, and who has come in. `dock.ts` lives
 * these sockets; this file keeps the books. It knows no machine and no time.
 *
 * Conservation, as in `network.ts`: what is open is entered once and struck off once; anything else throws.
 */
import type { Guest } from '../dock.ts'
import { type Endpoint, type Transport, formatEndpoint } from '../endpoint.ts'
import { type KillHow, meaning } from './network.ts'
import { type Ports, isWildcard } from './ports.ts'
import { canonicalBind } from './place.ts'
import type { From } from './timeline.ts'

/** One inbound client, or one datagram: its text, or its bytes. */
export type Visit = Pick<From, 'to' | 'send' | 'sendAfterMs' | 'closeAfterMs'> & {
  readonly source: Endpoint
  readonly bytes?: Uint8Array
}

/** Where the datagrams go that listening sockets send. */
export type Uplink = (source: Endpoint, to: Endpoint, bytes: Uint8Array) => void

/** A listening socket in the books. */
export interface OpenListener {
  readonly listener: number
  readonly transport: Transport
  /** Taken, from `settle` to the end. */
  local?: Endpoint
  readonly receive: (visit: Visit) => void
  /** A client that has connected, made by whoever plays it. */
  readonly admit: (guest: Guest) => void
  readonly die: (code: string) => void
}

/** A TCP client in the books. */
export interface OpenGuest {
  /** Which let it in. */
  readonly listener: number
  readonly remote: Endpoint
  readonly kill: (how: KillHow) => void
}

export class Inbound {
  readonly #ports: Ports
  readonly #listeners = new Set<OpenListener>()
  readonly #guests = new Set<OpenGuest>()
  readonly #uplink: Uplink
  #sent = 0

  /** By default the visitors of a scenario are sent nothing: they do not listen. */
  constructor(ports: Ports, uplink: Uplink = () => {}) {
    this.#ports = ports
    this.#uplink = uplink
  }

  /** What is open, in words, oldest first: nothing after the end, or somebody leaks. */
  get open(): readonly string[] {
    return [...this.#listeners, ...this.#guests].map(nameOf)
  }

  /** Datagrams that were ever sent by listening sockets. */
  get sent(): number {
    return this.#sent
  }

  enter(entry: OpenListener | OpenGuest): void {
    const book = this.#bookOf(entry)
    if (book.has(entry)) throw new Error(`${nameOf(entry)} was opened twice`)
    book.add(entry)
  }

  strike(entry: OpenListener | OpenGuest): void {
    if (!this.#bookOf(entry).delete(entry)) throw new Error(`${nameOf(entry)} was closed twice`)
    if ('die' in entry && entry.local) this.#ports.letGo(entry, entry.transport, entry.local)
  }

  /** Gives a listener its endpoint. */
  settle(listener: OpenListener, local: Endpoint): void {
    this.#ports.hold(listener, listener.transport, local)
    listener.local = local
  }

  send(source: Endpoint, to: Endpoint, bytes: Uint8Array): void {
    this.#sent++
    this.#uplink(source, to, bytes)
  }

  /** Reaches whoever listens at that address, or at the wildcard of its family; if nobody does, nothing happens. */
  visit(transport: Transport, visit: Visit): void {
    this.listenerAt(transport, visit.to)?.receive(visit)
  }

  listenerAt(transport: Transport, to: Endpoint): OpenListener | undefined {
    if (!this.#ports.isOwn(to)) return undefined
    for (const listener of this.#listeners)
      if (listener.transport === transport && isReached(listener, to)) return listener
    return undefined
  }

  /** The listener that is bound to `ADDR:PORT/tcp|udp` dies of this. */
  die(place: string, code: string): void {
    const wanted = canonicalBind(place)
    for (const listener of this.#listeners)
      if (listener.local && wanted === `${formatEndpoint(listener.local)}/${listener.transport}`)
        return listener.die(code)
  }

  /** Ends the clients that came from `ADDR` or `ADDR:PORT`, oldest first. */
  kill(source: string, how: KillHow): void {
    const isMeant = meaning(source)
    for (const guest of this.#guests) if (isMeant(guest.remote)) guest.kill(how)
  }

  #bookOf(entry: OpenListener | OpenGuest): Set<unknown> {
    return 'die' in entry ? this.#listeners : this.#guests
  }
}

function isReached({ local }: OpenListener, { family, address, port }: Endpoint): boolean {
  if (local?.family !== family || local.port !== port) return false
  return local.address === address || isWildcard(local)
}

function nameOf(entry: OpenListener | OpenGuest): string {
  return 'die' in entry
    ? `the ${entry.transport} socket of listener ${entry.listener}`
    : `the client ${formatEndpoint(entry.remote)} of listener ${entry.listener}`
}
