/**
 * Where the paths of a peer meet its sockets (R5). As a `Porter` it hears what comes in over the bound ones, and gives
 * each datagram to the path that it belongs to; a stranger's greeting is answered without keeping anything of it. As a
 * `Wire` it gives a dialer a path over the bound socket of the candidate's family, or, where none is bound, over one of
 * the path's own. TCP has one session at a time.
 *
 * Shared sockets belong to their binder and are never closed here.
 */
import type { Clock } from './actors.ts'
import type { House } from './acceptor.ts'
import type { Porter } from './binder.ts'
import type { Candidate } from './candidate.ts'
import type { ExchangeFactory } from './confirmation.ts'
import type { Means } from './dialer.ts'
import { ioActor } from './contain.ts'
import type { Dock, DockSocket, Guest } from './dock.ts'
import { type Endpoint, type Transport, formatEndpoint } from './endpoint.ts'
import { failure } from './failure.ts'
import { type Greeting, type Identity, Meeting, answerTo, isEqual, isProof, readGreeting } from './meeting.ts'
import { type Carrier, type Feed, type Keepalive, Path, type Source } from './path.ts'
import type { Wire, WireEvent, WireRequest, WireSocket } from './wire.ts'

/** What a ring gives to a junction. */
export interface Surroundings {
  readonly clock: Clock
  readonly identity: Identity
  readonly keepalive: Keepalive
  /** A confirmed peer may move to another address. */
  readonly float: boolean
  /** Without a confirmation whoever sends first may be the peer. */
  readonly trustsFirst: boolean
  /** For sockets of a path's own. */
  readonly dock: Dock
  /** For TCP. */
  readonly wire: Wire
  readonly feedFor: (carrier: Carrier) => Feed
}

/** Somebody came who may be the peer: whether to try it is the machine's to say. */
export interface Meet {
  readonly type: 'peer.met'
  readonly transport: Transport
  readonly remote: Endpoint
}

/** Between two meets of one endpoint, ms; what comes meanwhile is answered all the same. */
const MEET_PAUSE = 1_000
/** Endpoints of which that is remembered. */
const MAX_MEETS = 64

interface Berth {
  readonly listener: number
  readonly house: House
  readonly local: Endpoint
}

const junctions = new WeakMap<object, Junction>()

/** The junction of a root; its host makes it before the start. */
export const junctionOf = (system: object): Junction => junctions.get(system) as Junction
export const joinAt = (system: object, junction: Junction): void => void junctions.set(system, junction)

/** Tells the machine whom the junction of its root met. */
export const greeterLogic = () => ioActor<undefined, Meet>(({ system, say }) => junctionOf(system).greet(say))

const WILDCARD = { ipv4: '0.0.0.0', ipv6: '::' } as const

/** What names a path: its cookies are made of that. */
const nameOf = (listener: number | undefined, remote: Endpoint) => `${listener ?? 'own'} ${formatEndpoint(remote)}`

export class Junction implements Porter, Means {
  /** What its attempts are made over. */
  readonly wire: Wire = { open: (request, tell) => this.#open(request, tell) }
  readonly #around: Surroundings
  /** The bound sockets, by listener. */
  readonly #berths = new Map<number, Berth>()
  /** What is tried or held over them, by name. */
  readonly #paths = new Map<string, Path>()
  /** The TCP client that waits to be taken by an attempt, or was. */
  #arrival: { readonly guest: Guest; readonly timer: unknown; taken: boolean } | undefined
  readonly #met = new Map<string, number>()
  #greet: ((meet: Meet) => void) | undefined
  #strangers = 0

  constructor(around: Surroundings) {
    this.#around = around
  }

  /** Datagrams that belonged to no path. */
  get strangers(): number {
    return this.#strangers
  }

  /** `greet` is told of whoever may be the peer, until what is returned is called. */
  greet(greet: (meet: Meet) => void): () => void {
    this.#greet = greet
    return () => (this.#greet = undefined)
  }

  /** The confirmations of its attempts. */
  readonly exchangeFor: ExchangeFactory = (confirmation, candidate) => {
    if (confirmation.kind === 'none') return undefined
    const name = nameOf(this.#berthFor(candidate)?.listener, candidate)
    return new Meeting(this.#around.identity, name, candidate.transport)
  }

  #open(request: WireRequest, tell: (event: WireEvent) => void): WireSocket {
    return request.transport === 'tcp' ? this.#openTcp(request, tell) : this.#openPath(request, tell)
  }

  // --- what comes in over the bound sockets ---

  bound(house: House, listener: number, local: Endpoint): void {
    this.#berths.set(listener, { listener, house, local })
  }

  heard(_: House, listener: number, remote: Endpoint, bytes: Uint8Array): void {
    const path = this.#paths.get(nameOf(listener, remote))
    if (path) return path.hear(bytes)
    const greeting = readGreeting(bytes)
    this.#strangers++
    if (greeting) this.#greeted(listener, remote, greeting)
    else if (this.#around.trustsFirst) this.#meet('udp', remote)
  }

  arrived(house: House, listener: number, guest: Guest): void {
    const { remote } = guest
    if (this.#arrival) {
      guest.close()
      return house.emit({ type: 'peer.refused', listener, remote, failure: failure('ONE_SESSION', 'accept') })
    }
    // Whoever wants it takes it at once.
    const timer = this.#around.clock.setTimeout(() => this.#turnAway(), 0)
    this.#arrival = { guest, timer, taken: false }
    guest.watch(() => {
      if (this.#arrival?.guest === guest) this.#arrival = undefined
    })
    this.#meet('tcp', remote)
  }

  turnedAway(): void {
    // One session at a time: it would not have been taken either.
  }

  silence(_: House, listener?: number): void {
    for (const { listener: one } of this.#berths.values())
      if (listener === undefined || listener === one) this.#lose(one)
  }

  evict(): void {
    this.#turnAway()
  }

  /** Of the one that was taken its dialer takes care. */
  #turnAway(): void {
    const { guest, timer, taken } = this.#arrival ?? {}
    this.#around.clock.clearTimeout(timer)
    if (!taken) guest?.close()
  }

  #lose(listener: number): void {
    this.#berths.delete(listener)
    for (const [name, path] of this.#paths)
      if (name.startsWith(`${listener} `)) path.fail(failure('LISTENER_LOST', 'connected'))
  }

  #greeted(listener: number, remote: Endpoint, greeting: Greeting): void {
    const { identity, float } = this.#around
    const name = nameOf(listener, remote)
    const isProven = isProof(greeting, identity, name)
    if (isProven && float && this.#move(listener, remote, greeting)) return
    const answer = answerTo(greeting, identity, name)
    if (answer) this.#berths.get(listener)?.house.send(listener, answer, remote)
    if (isProven) this.#meet('udp', remote)
  }

  /** A peer that we hold has proven that it is here now. */
  #move(listener: number, remote: Endpoint, { id }: Greeting): boolean {
    const found = [...this.#paths].find(([, { peer }]) => peer && isEqual(peer, id))
    const berth = this.#berths.get(listener)
    if (!found || !berth) return false
    const [name, path] = found
    this.#paths.delete(name)
    this.#paths.set(nameOf(listener, remote), path)
    path.move(remote, this.#shared(berth))
    return true
  }

  #meet(transport: Transport, remote: Endpoint): void {
    const now = this.#around.clock.now()
    const key = `${transport} ${formatEndpoint(remote)}`
    if (now - (this.#met.get(key) ?? -Infinity) < MEET_PAUSE) return
    this.#met.delete(key)
    this.#met.set(key, now)
    for (const oldest of this.#met.keys()) {
      if (this.#met.size <= MAX_MEETS) break
      this.#met.delete(oldest)
    }
    this.#greet?.({ type: 'peer.met', transport, remote })
  }

  // --- what goes out ---

  /** The first socket of the candidate's family. */
  #berthFor({ family }: Pick<Candidate, 'family'>): Berth | undefined {
    for (const berth of this.#berths.values()) if (berth.local.family === family) return berth
    return undefined
  }

  #shared({ listener, house, local }: Berth): Source {
    return { local, send: (bytes, to) => house.send(listener, bytes, to) }
  }

  #openPath(request: WireRequest, tell: (event: WireEvent) => void): WireSocket {
    const { clock, keepalive, feedFor } = this.#around
    const { remote, exchange } = request
    const meeting = exchange instanceof Meeting ? exchange : undefined
    let release = () => {}
    const closed = () => {
      release()
      this.#forget(path)
    }
    const path = new Path(remote, { clock, keepalive, feedFor, meeting, tell, closed })
    const berth = this.#berthFor(remote)
    release = berth ? this.#joinShared(berth, path) : this.#openOwn(request, path)
    return path
  }

  /** What ends it gives back what it has of the socket. */
  #joinShared(berth: Berth, path: Path): () => void {
    const { clock } = this.#around
    this.#paths.set(nameOf(berth.listener, path.remote), path)
    const timer = clock.setTimeout(() => path.connect(this.#shared(berth)), 0)
    return () => clock.clearTimeout(timer)
  }

  #openOwn({ attempt, family, local }: WireRequest, path: Path): () => void {
    const endpoint = { family, address: local?.address ?? WILDCARD[family], port: local?.port ?? 0 }
    const socket: DockSocket = this.#around.dock.open({ listener: attempt, transport: 'udp', endpoint }, (event) => {
      if (event.type === 'bound') path.connect({ local: event.local, send: sendFrom(socket) })
      else if (event.type === 'failed') path.fail({ ...event.failure, stage: 'open' })
      else if (event.type === 'heard') this.#heardBy(path, socket, event.from, event.bytes)
    })
    return () => socket.close()
  }

  #heardBy(path: Path, socket: DockSocket, from: Endpoint, bytes: Uint8Array): void {
    const { identity, float } = this.#around
    if (isSame(from, path.remote)) return path.hear(bytes)
    this.#strangers++
    const greeting = float ? readGreeting(bytes) : undefined
    if (!greeting || !path.peer || !isEqual(path.peer, greeting.id)) return
    if (isProof(greeting, identity, nameOf(undefined, from))) return path.move(from)
    const answer = answerTo(greeting, identity, nameOf(undefined, from))
    if (answer) socket.send(answer, from)
  }

  #openTcp(request: WireRequest, tell: (event: WireEvent) => void): WireSocket {
    const arrival = this.#arrival
    const isAwaited = arrival && !arrival.taken && isSame(arrival.guest.remote, request.remote)
    if (!isAwaited || !arrival.guest.adopt) return this.#around.wire.open(request, tell)
    arrival.taken = true
    return arrival.guest.adopt(request.reads, tell)
  }

  #forget(path: Path): void {
    for (const [name, other] of this.#paths) if (other === path) this.#paths.delete(name)
  }
}

const sendFrom = (socket: DockSocket) => (bytes: Uint8Array, to: Endpoint) => {
  socket.send(bytes, to)
  return true
}

const isSame = (a: Endpoint, b: Endpoint) => a.address === b.address && a.port === b.port
