/**
 * The kernel's docks under a script: real listening sockets at the loopback places that stand for the scripted endpoints,
 * and real clients that come to them. The script says when; what then happens is the kernel's word, and Node's.
 *
 * What the kernel cannot be brought to say here (a shortage, a lack of permission or of a family) is said in its stead.
 */
import { type Socket as UdpSocket, createSocket } from 'node:dgram'
import { once } from 'node:events'
import { type Socket, connect } from 'node:net'
import { expect } from 'vitest'
import type { Dock, DockEvent, DockRequest, DockSocket, Guest } from '../../src/dock.ts'
import { type Endpoint, type Transport, formatEndpoint } from '../../src/endpoint.ts'
import { type Failure, failure } from '../../src/failure.ts'
import { nodeDock } from '../../src/node/dock.ts'
import type { Visit } from '../../src/sim/inbound.ts'
import { type KillHow, meaning } from '../../src/sim/network.ts'
import { canonicalBind } from '../../src/sim/place.ts'
import { Ports, isWildcard } from '../../src/sim/ports.ts'
import type { ServerScenario } from '../../src/sim/scenario.ts'
import { type Peer, openPeer } from './peers.ts'
import type { ScriptClock } from './script-clock.ts'
import type { Stillness } from './stillness.ts'

const SHARE = process.pid % 64
/** Between those of `places.ts` and the kernel's own choice of ports; each process has some of its own, in turn. */
const FIRST_PORT = 28_400 + SHARE * 68
const PORTS = 68

let ports = 0
let hosts = 0

/** What a scripted bind meets. */
type Fate =
  | { readonly bound: Endpoint }
  | { readonly stranger: Endpoint }
  | { readonly taken: Endpoint }
  | { readonly code: string }

/** The scripted world of a server on real sockets. */
export class ScriptedShore {
  readonly clock: ScriptClock
  readonly stillness: Stillness
  readonly dock: Dock = { open: (request, tell) => new ScriptedListener(this, request, tell) }
  readonly own: Ports
  readonly #places = new Map<string, string>()
  readonly #ports = new Map<string, number>()
  readonly #listeners = new Set<ScriptedListener>()
  readonly #visitors = new Set<Visitor>()
  readonly #byPort = new Map<number, Visitor>()
  readonly #senders = new Map<string, Sender>()

  constructor(scenario: ServerScenario, { clock, stillness }: Pick<ScriptedShore, 'clock' | 'stillness'>) {
    this.clock = clock
    this.stillness = stillness
    this.own = new Ports(scenario)
  }

  /** Datagrams that came back to their senders. */
  get answered(): number {
    return [...this.#senders.values()].reduce((sum, { answered }) => sum + answered, 0)
  }

  /** Every client has seen its end. */
  get isDeserted(): boolean {
    return [...this.#visitors].every(({ socket }) => socket.closed)
  }

  /** What the engine has not closed. */
  get open(): readonly string[] {
    return [...this.#listeners].map(({ request }) => formatEndpoint(request.endpoint))
  }

  close(): void {
    for (const { socket } of this.#senders.values()) socket.close()
  }

  enter(listener: ScriptedListener): void {
    this.#listeners.add(listener)
  }

  strike(listener: ScriptedListener): void {
    this.#listeners.delete(listener)
  }

  fateOf({ transport, endpoint }: DockRequest): Fate {
    const { family, port } = endpoint
    if (this.own.lacks(family)) return { code: 'EAFNOSUPPORT' }
    const bound = this.own.bind(transport, family, endpoint)
    if (!('code' in bound)) return { bound }
    if (bound.code === 'EADDRNOTAVAIL' && !isWildcard(endpoint)) return { stranger: endpoint }
    return bound.code === 'EADDRINUSE' && port !== 0 ? { taken: endpoint } : { code: bound.code }
  }

  /** Where a scripted endpoint of this host is. IPv6 has one loopback address: there each own address has its ports. */
  placeOf({ family, address, port }: Endpoint): Endpoint {
    const isAny = isWildcard({ family, address })
    const place = family === 'ipv6' ? (isAny ? '::' : '::1') : isAny ? '0.0.0.0' : this.#loopback(address)
    return { family, address: place, port: port === 0 ? 0 : this.#portOf(place === '::1' ? address : '', port) }
  }

  /** The kernel has chosen this port where the script's kernel chose that one. */
  chose(scripted: number, real: number): void {
    this.#ports.set(`chosen ${scripted}`, real)
  }

  #loopback(address: string): string {
    const known = this.#places.get(address)
    if (known !== undefined) return known
    hosts++
    const place = `127.${65 + SHARE}.${hosts >> 8}.${hosts & 255}`
    this.#places.set(address, place)
    return place
  }

  #portOf(address: string, port: number): number {
    const key = `${address} ${port}`
    const real = this.#ports.get(`chosen ${port}`) ?? this.#ports.get(key) ?? FIRST_PORT + (ports++ % PORTS)
    this.#ports.set(key, real)
    return real
  }

  visit(transport: Transport, visit: Visit): void {
    const listener = [...this.#listeners].find((one) => one.isReached(transport, visit.to))
    if (transport === 'udp') this.#send(visit, listener)
    else if (listener) this.#come(visit, listener)
    else if (this.own.isOwn(visit.to)) void this.stillness.during('a refusal', this.#beRefused(visit))
  }

  die(place: string, code: string): void {
    const wanted = canonicalBind(place)
    for (const listener of this.#listeners) if (listener.name === wanted) listener.die(code)
  }

  kill(source: string, how: KillHow): void {
    const isMeant = meaning(source)
    for (const visitor of this.#visitors) if (isMeant(visitor.visit.source)) visitor.kill(how)
  }

  /** Who has come from that port, as soon as its own side knows. */
  async visitorFrom(port: number): Promise<Visitor> {
    for (;;) {
      const visitor = this.#byPort.get(port)
      this.#byPort.delete(port)
      if (visitor) return visitor
      await new Promise<void>((resolve) => setImmediate(resolve))
    }
  }

  /** Where the client really is that the script has there. */
  senderAt(scripted: Endpoint): Endpoint | undefined {
    return this.#senders.get(formatEndpoint(scripted))?.place
  }

  sourceFrom({ family, port }: Endpoint): Endpoint {
    const sender = [...this.#senders.values()].find((one) => one.port === port && one.source.family === family)
    if (!sender) throw new Error(`a datagram from port ${port}, where nobody is`)
    sender.arrived?.()
    return sender.source
  }

  #come(visit: Visit, listener: ScriptedListener): void {
    const { address, port } = listener.doorOf(visit.to)
    const socket = connect({ host: address, port })
    const visitor = new Visitor(this, visit, socket, listener.request.listener)
    this.#visitors.add(visitor)
    socket.once('connect', () => this.#byPort.set(socket.localPort ?? 0, visitor))
  }

  async #beRefused({ to }: Visit): Promise<void> {
    const { address: host, port } = this.placeOf(to)
    const socket = connect({ host, port })
    const [error] = (await once(socket, 'error')) as [NodeJS.ErrnoException]
    expect(error.code).toBe('ECONNREFUSED')
  }

  #send({ source, to, send = '' }: Visit, listener: ScriptedListener | undefined): void {
    if (!listener) return
    const key = formatEndpoint(source)
    const sender = this.#senders.get(key) ?? new Sender(source)
    this.#senders.set(key, sender)
    const { address, port } = listener.doorOf(to)
    const arrived = this.stillness.expect('a datagram')
    void this.stillness.during('a datagram to be sent', sender.send(send, address, port, arrived))
  }
}

class ScriptedListener implements DockSocket {
  readonly request: DockRequest
  readonly #shore: ScriptedShore
  readonly #tell: (event: DockEvent) => void
  readonly #expected = new Set<() => void>()
  #state: 'binding' | 'bound' | 'closed' = 'binding'
  /** Where the script has it. */
  #bound: Endpoint | undefined
  #real: DockSocket | undefined
  #realPort = 0
  #onTheWay: unknown
  #diesOf: Failure | undefined
  /** Who has the port that it wants. */
  #occupant: Peer | undefined

  constructor(shore: ScriptedShore, request: DockRequest, tell: (event: DockEvent) => void) {
    this.#shore = shore
    this.request = request
    this.#tell = tell
    shore.enter(this)
    const fate = shore.fateOf(request)
    if ('code' in fate) this.#later(() => this.#fail(failure(fate.code, 'bind')))
    else if ('stranger' in fate) this.#openReal(fate.stranger)
    else if ('taken' in fate) void shore.stillness.during('a port to be taken', this.#findTaken(fate.taken))
    else this.#bind(fate.bound)
  }

  get handle(): unknown {
    return this.#real?.handle
  }

  /** As a script names it: `0.0.0.0:1194/tcp`. */
  get name(): string | undefined {
    return this.#bound && `${formatEndpoint(this.#bound)}/${this.request.transport}`
  }

  isReached(transport: Transport, { family, address, port }: Endpoint): boolean {
    const bound = this.#bound
    if (this.#state !== 'bound' || transport !== this.request.transport) return false
    if (bound?.family !== family || bound.port !== port || !this.#shore.own.isOwn({ family, address })) return false
    return bound.address === address || isWildcard(bound)
  }

  /** Where a client has to go that wants that scripted endpoint. */
  doorOf(to: Endpoint): Pick<Endpoint, 'address' | 'port'> {
    return { address: this.#shore.placeOf(to).address, port: this.#realPort }
  }

  send(bytes: Uint8Array, to: Endpoint): void {
    const sender = this.#shore.senderAt(to)
    if (sender) this.#real?.send(bytes, sender)
  }

  die(code: string): void {
    // Closed from outside it says so; of what it died the script knows better.
    this.#diesOf = failure(code, 'accept')
    this.#expect('its death')
    ;(this.handle as { readonly close: () => void }).close()
  }

  close(): void {
    if (this.#state === 'closed') return
    this.#state = 'closed'
    this.#calm()
    this.#shore.clock.clearTimeout(this.#onTheWay)
    this.#shore.strike(this)
    if (this.#bound) this.#shore.own.letGo(this, this.request.transport, this.#bound)
    this.#real?.close()
    this.#occupant?.destroy()
  }

  #bind(bound: Endpoint): void {
    this.#bound = bound
    this.#shore.own.hold(this, this.request.transport, bound)
    this.#openReal(this.#shore.placeOf({ ...bound, port: this.request.endpoint.port }))
  }

  async #findTaken(scripted: Endpoint): Promise<void> {
    const place = this.#shore.placeOf(scripted)
    this.#occupant = await openPeer(this.request.transport, place)
    if (this.#state === 'binding') this.#openReal(place)
    else this.#occupant.destroy()
  }

  #openReal(endpoint: Endpoint): void {
    this.#expect('to be bound, or refused')
    this.#real = nodeDock.open({ ...this.request, endpoint }, (event) => this.#hear(event, endpoint))
  }

  #hear(event: DockEvent, wanted: Endpoint): void {
    if (event.type === 'bound') this.#hearBound(event.local, wanted)
    else if (event.type === 'failed') this.#hearFailed(this.#diesOf ?? event.failure)
    else if (event.type === 'arrived') void this.#shore.stillness.during('to be let in', this.#arrived(event.guest))
    else if (event.type === 'heard') this.#tell({ ...event, from: this.#shore.sourceFrom(event.from) })
    else throw new Error('this process has too many sockets')
  }

  #hearBound(local: Endpoint, wanted: Endpoint): void {
    const bound = this.#bound as Endpoint
    expect(local).toEqual({ ...wanted, port: wanted.port === 0 ? local.port : wanted.port })
    if (wanted.port === 0) this.#shore.chose(bound.port, local.port)
    this.#realPort = local.port
    this.#calm()
    this.#later(() => {
      this.#state = 'bound'
      this.#tell({ type: 'bound', local: bound })
    })
  }

  #hearFailed(cause: Failure): void {
    this.#calm()
    if (this.#state === 'bound') this.#fail(cause)
    else this.#later(() => this.#fail(cause))
  }

  async #arrived(guest: Guest): Promise<void> {
    const visitor = await this.#shore.visitorFrom(guest.remote.port)
    await visitor.enter(guest)
    this.#tell({ type: 'arrived', guest: visitor })
  }

  #fail(cause: Failure): void {
    this.close()
    this.#tell({ type: 'failed', failure: cause })
  }

  /** In the order of the virtual twin: that of the listeners' numbers. */
  #later(run: () => void): void {
    const { clock } = this.#shore
    this.#onTheWay = clock.at(clock.now(), this.request.listener, run)
  }

  #expect(what: string): void {
    this.#expected.add(this.#shore.stillness.expect(`listener ${this.request.listener}: ${what}`))
  }

  #calm(): void {
    for (const done of this.#expected) done()
    this.#expected.clear()
  }
}

/** A real TCP client, and what the server has of it. */
class Visitor implements Guest {
  readonly visit: Visit
  readonly socket: Socket
  readonly #shore: ScriptedShore
  readonly #listener: number
  readonly #accepted: () => void
  readonly #timers = new Set<unknown>()
  #guest: Guest | undefined

  constructor(shore: ScriptedShore, visit: Visit, socket: Socket, listener: number) {
    this.#shore = shore
    this.visit = visit
    this.socket = socket
    this.#listener = listener
    this.#accepted = shore.stillness.expect('a client to be accepted')
    // The server may reset it at any time, and what it answers is of no interest.
    socket.on('error', () => {}).resume()
    const { send, sendAfterMs = 0, closeAfterMs } = visit
    if (send !== undefined && sendAfterMs === 0) socket.write(send)
    else if (send !== undefined) this.#after(sendAfterMs, () => this.#speak(send))
    if (closeAfterMs !== undefined) this.#after(closeAfterMs, () => this.kill('fin'))
  }

  /** What it says at once is there when it is. */
  async enter(guest: Guest): Promise<void> {
    this.#guest = guest
    const { send, sendAfterMs = 0 } = this.visit
    if (send !== undefined && sendAfterMs === 0) await this.#spoken()
    this.#accepted()
  }

  get handle(): unknown {
    return this.#guest?.handle
  }

  get remote(): Endpoint {
    return this.visit.source
  }

  get local(): Endpoint {
    return this.visit.to
  }

  hasSpoken(): boolean {
    return this.#guest?.hasSpoken() ?? false
  }

  watch(gone: () => void): void {
    this.#guest?.watch(gone)
  }

  close(): void {
    this.#guest?.close()
  }

  kill(how: KillHow): void {
    for (const id of this.#timers) this.#shore.clock.clearTimeout(id)
    if (how === 'vanish' || this.#isOver) return
    void this.#shore.stillness.during('the end of a client', this.#closed())
    if (how === 'fin') this.socket.end()
    else this.socket.resetAndDestroy()
  }

  get #isOver(): boolean {
    return (this.handle as Socket).destroyed
  }

  #closed(): Promise<void> {
    return new Promise((resolve) => (this.handle as Socket).once('close', () => resolve()))
  }

  #speak(text: string): void {
    if (this.#isOver) return
    this.socket.write(text)
    void this.#shore.stillness.during('a byte', this.#spoken())
  }

  async #spoken(): Promise<void> {
    while (!this.hasSpoken()) await new Promise<void>((resolve) => setImmediate(resolve))
  }

  #after(ms: number, run: () => void): void {
    const { clock } = this.#shore
    const id = clock.at(clock.now() + ms, this.#listener, () => {
      this.#timers.delete(id)
      run()
    })
    this.#timers.add(id)
  }
}

/** A real UDP client: it keeps its port. */
class Sender {
  readonly source: Endpoint
  readonly socket: UdpSocket
  readonly #bound: Promise<unknown>
  answered = 0
  arrived: (() => void) | undefined

  constructor(source: Endpoint) {
    const isIpv6 = source.family === 'ipv6'
    this.source = source
    this.socket = createSocket(isIpv6 ? 'udp6' : 'udp4')
    this.socket.on('message', () => this.answered++)
    this.socket.bind({ address: isIpv6 ? '::1' : '127.0.0.1' })
    this.#bound = once(this.socket, 'listening')
  }

  get port(): number {
    return this.socket.address().port
  }

  get place(): Endpoint {
    const { address, port } = this.socket.address()
    return { family: this.source.family, address, port }
  }

  async send(text: string, address: string, port: number, arrived: () => void): Promise<void> {
    await this.#bound
    this.arrived = arrived
    this.socket.send(text, port, address)
  }
}
