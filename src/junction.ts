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
import type { ExchangeFactory } from './confirmation.ts'
import type { Means } from './dialer.ts'
import { ioActor } from './contain.ts'
import type { Dock, DockSocket, Guest } from './dock.ts'
import { type Endpoint, type Transport, formatEndpoint } from './endpoint.ts'
import { failure } from './failure.ts'
import {
  type Greeting,
  type Identity,
  Meeting,
  PACKET_BYTES,
  answerTo,
  isEqual,
  isProof,
  leads,
  probe,
  readGreeting,
} from './meeting.ts'

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
  /** Makes every confirmation but `peer`, which is made here. */
  readonly exchangeFor: ExchangeFactory
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

/** A TCP client that has come: it is taken by an attempt at once, or goes. */
interface Arrival {
  readonly house: House
  readonly listener: number
  readonly guest: Guest
  readonly timer: unknown
  taken: boolean
}

/** A datagram that belongs to no path. */
interface Stranger {
  /** Of the path that it came by. */
  readonly name: string
  readonly remote: Endpoint
  readonly bytes: Uint8Array
  readonly greeting: Greeting | undefined
  /** From the socket that it came to. */
  readonly send: Source['send']
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
  /** There were such sockets once. */
  #isShared = false
  /** What is tried or held over them, by name. */
  readonly #paths = new Map<string, Path>()
  #arrival: Arrival | undefined
  /** When and where an endpoint was met. */
  readonly #met = new Map<string, { readonly at: number; readonly listener: number }>()
  /** What somebody said who was met without a greeting: his first message, if he is tried. */
  #knock: { readonly name: string; readonly bytes: Uint8Array; readonly at: number } | undefined
  #greet: ((meet: Meet) => void) | undefined
  #strangers = 0

  constructor(around: Surroundings) {
    this.#around = around
  }

  /** Datagrams that belonged to no path. */
  get strangers(): number {
    return this.#strangers
  }

  /** Endpoints that are remembered, and paths. */
  get memory(): number {
    return this.#met.size + this.#paths.size
  }

  /** `greet` is told of whoever may be the peer, until what is returned is called. */
  greet(greet: (meet: Meet) => void): () => void {
    this.#greet = greet
    return () => (this.#greet = undefined)
  }

  /** The confirmations of its attempts. */
  readonly exchangeFor: ExchangeFactory = (confirmation, candidate) => {
    if (confirmation.kind !== 'peer') return this.#around.exchangeFor(confirmation, candidate)
    const name = nameOf(this.#berthFor(candidate)?.listener, candidate)
    return new Meeting(this.#around.identity, name, candidate.transport)
  }

  #open(request: WireRequest, tell: (event: WireEvent) => void): WireSocket {
    return request.transport === 'tcp' ? this.#openTcp(request, tell) : this.#openPath(request, tell)
  }

  // --- what comes in over the bound sockets ---

  bound(house: House, listener: number, local: Endpoint): void {
    this.#isShared = true
    this.#berths.set(listener, { listener, house, local })
  }

  heard(_: House, listener: number, remote: Endpoint, bytes: Uint8Array): void {
    const name = nameOf(listener, remote)
    const path = this.#paths.get(name)
    if (path) return path.hear(bytes)
    this.#strangers++
    const berth = this.#berths.get(listener)
    if (!berth) return
    const stranger = { name, remote, bytes, greeting: readGreeting(bytes), send: this.#shared(berth).send }
    const { greeting } = stranger
    if (this.#follow(this.#heldPath(), stranger)) return
    if (greeting) this.#greeted(listener, stranger, greeting)
    else if (this.#around.trustsFirst) {
      this.#knock = { name, bytes, at: this.#around.clock.now() }
      this.#meet(listener, remote)
    }
  }

  arrived(house: House, listener: number, guest: Guest): void {
    if (this.#arrival) return refuse({ house, listener, guest }, 'ONE_SESSION')
    const timer = this.#around.clock.setTimeout(() => this.#turnAway('NOT_THE_PEER'), 0)
    this.#arrival = { house, listener, guest, timer, taken: false }
    guest.watch(() => {
      if (this.#arrival?.guest === guest) this.#arrival = undefined
    })
    this.#greet?.({ type: 'peer.met', transport: 'tcp', remote: guest.remote })
  }

  turnedAway(): void {
    // One session at a time: it would not have been taken either.
  }

  silence(_: House, listener?: number): void {
    for (const { listener: one } of this.#berths.values())
      if (listener === undefined || listener === one) this.#lose(one)
  }

  evict(): void {
    this.#turnAway('STOPPED')
  }

  /** Of one that was taken its dialer takes care. */
  #turnAway(code: string): void {
    if (!this.#arrival || this.#arrival.taken) return
    this.#around.clock.clearTimeout(this.#arrival.timer)
    refuse(this.#arrival, code)
    this.#arrival = undefined
  }

  #lose(listener: number): void {
    this.#berths.delete(listener)
    for (const [name, path] of this.#paths) if (name.startsWith(`${listener} `)) path.orphan()
  }

  #greeted(listener: number, { name, remote, send }: Stranger, greeting: Greeting): void {
    const { identity } = this.#around
    const answer = answerTo(greeting, identity, name)
    if (answer) send(answer, remote)
    if (isProof(greeting, identity, name) && this.#isCalled(greeting)) this.#meet(listener, remote)
  }

  /** Whether to come to a path that works. Who leads stays where it has proven one, lest the two swap paths for ever. */
  #isCalled(greeting: Greeting): boolean {
    if (!leads(this.#around.identity, greeting)) return greeting.nominates
    return greeting.isConnected || (!greeting.isAnswer && ![...this.#paths.values()].some((path) => path.isProven))
  }

  #heldPath = (): Path | undefined => [...this.#paths.values()].find(({ peer }) => peer)

  /**
   * With `float`: whether the peer of the held path is here now, which its own packet has to prove. It is asked to, if
   * it may be here; nobody is sent more than came.
   */
  #follow(held: Path | undefined, { name, remote, bytes, greeting, send }: Stranger): boolean {
    const { identity, float } = this.#around
    if (!float || !held?.peer || bytes.length < PACKET_BYTES) return false
    if (greeting && !isEqual(held.peer, greeting.id)) return false
    if (greeting && isProof(greeting, identity, name)) {
      this.#move(held, name, remote, send)
      held.hear(bytes)
    } else if (!greeting?.isAnswer) send(probe(identity, name, greeting?.cookie), remote)
    return true
  }

  #move(held: Path, name: string, remote: Endpoint, send: Source['send']): void {
    if (this.#forget(held)) this.#paths.set(name, held)
    held.move(remote, send)
  }

  #meet(listener: number, remote: Endpoint): void {
    const now = this.#around.clock.now()
    const key = formatEndpoint(remote)
    if (now - (this.#met.get(key)?.at ?? -Infinity) < MEET_PAUSE) return
    this.#met.delete(key)
    this.#met.set(key, { at: now, listener })
    for (const oldest of this.#met.keys()) {
      if (this.#met.size <= MAX_MEETS) break
      this.#met.delete(oldest)
    }
    this.#greet?.({ type: 'peer.met', transport: 'udp', remote })
  }

  // --- what goes out ---

  /** The socket over which that endpoint was met, or the first of its family. */
  #berthFor(remote: Endpoint): Berth | undefined {
    const met = this.#berths.get(this.#met.get(formatEndpoint(remote))?.listener ?? NaN)
    return met ?? [...this.#berths.values()].find(({ local }) => local.family === remote.family)
  }

  #shared({ listener, house, local }: Berth): Source {
    return { local, send: (bytes, to, refused) => house.send(listener, bytes, to, refused) }
  }

  #openPath(request: WireRequest, tell: (event: WireEvent) => void): WireSocket {
    const { clock, keepalive, feedFor } = this.#around
    const { remote, exchange } = request
    let release: () => void
    const closed = () => {
      release()
      this.#forget(path)
    }
    const path = new Path(remote, { clock, keepalive, feedFor, exchange, tell, closed })
    const berth = this.#berthFor(remote)
    if (berth) release = this.#joinShared(berth, path)
    else release = this.#isShared ? this.#joinNothing(path) : this.#openOwn(request, path)
    return path
  }

  /** What ends it gives back what it has of the socket. */
  #joinShared(berth: Berth, path: Path): () => void {
    const { clock } = this.#around
    const name = nameOf(berth.listener, path.remote)
    this.#paths.set(name, path)
    const timer = clock.setTimeout(() => {
      path.connect(this.#shared(berth))
      const knock = this.#takeKnock(name)
      if (knock) path.hear(knock)
    }, 0)
    return () => clock.clearTimeout(timer)
  }

  #takeKnock(name: string): Uint8Array | undefined {
    const knock = this.#knock
    if (knock?.name !== name) return undefined
    this.#knock = undefined
    return this.#around.clock.now() - knock.at < MEET_PAUSE ? knock.bytes : undefined
  }

  /** Whose sockets are bound for all sends from no other. */
  #joinNothing(path: Path): () => void {
    const { clock } = this.#around
    const { family } = path.remote
    const why = failure('LISTENER_LOST', 'open', `no ${family} socket is bound to send it from`)
    const timer = clock.setTimeout(() => path.fail(why), 0)
    return () => clock.clearTimeout(timer)
  }

  #openOwn({ attempt, family, local }: WireRequest, path: Path): () => void {
    const endpoint = { family, address: local?.address ?? WILDCARD[family], port: local?.port ?? 0 }
    const socket: DockSocket = this.#around.dock.open({ listener: attempt, transport: 'udp', endpoint }, (event) => {
      if (event.type === 'bound') path.connect({ local: event.local, send: sendFrom(socket) })
      else if (event.type === 'failed') path.fail(event.failure)
      else if (event.type === 'heard') this.#heardBy(path, socket, event.from, event.bytes)
    })
    return () => socket.close()
  }

  #heardBy(path: Path, socket: DockSocket, remote: Endpoint, bytes: Uint8Array): void {
    if (isSame(remote, path.remote)) return path.hear(bytes)
    this.#strangers++
    const stranger = { name: nameOf(undefined, remote), remote, bytes, greeting: readGreeting(bytes) }
    this.#follow(path, { ...stranger, send: sendFrom(socket) })
  }

  /** Who waits for a TCP peer does not go to where that one came from. */
  #openTcp(request: WireRequest, tell: (event: WireEvent) => void): WireSocket {
    const { wire, identity, clock } = this.#around
    const arrival = this.#arrival
    const isAwaited = arrival && !arrival.taken && isSame(arrival.guest.remote, request.remote)
    if (isAwaited && arrival.guest.adopt) {
      arrival.taken = true
      clock.clearTimeout(arrival.timer)
      return arrival.guest.adopt(request.reads, tell)
    }
    return identity.passive ? absent(clock, tell) : wire.open(request, tell)
  }

  #forget(path: Path): boolean {
    const known = [...this.#paths].find(([, other]) => other === path)
    return known !== undefined && this.#paths.delete(known[0])
  }
}

const sendFrom =
  (socket: DockSocket): Source['send'] =>
  (bytes, to, refused) => {
    socket.send(bytes, to, refused)
    return true
  }

const isSame = (a: Endpoint, b: Endpoint) => a.address === b.address && a.port === b.port

function refuse({ house, listener, guest }: Pick<Arrival, 'house' | 'listener' | 'guest'>, code: string): void {
  guest.close()
  house.emit({ type: 'peer.refused', listener, remote: guest.remote, failure: failure(code, 'accept') })
}

function absent(clock: Clock, tell: (event: WireEvent) => void): WireSocket {
  const timer = clock.setTimeout(() => tell({ type: 'failed', failure: failure('CLOSED_BY_PEER', 'open') }), 0)
  return { handle: undefined, send: () => {}, accept: () => {}, close: () => clock.clearTimeout(timer) }
}
