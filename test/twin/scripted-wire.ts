/**
 * The kernel's wire under a script: it opens real sockets to real peers, at the place that stands for the scripted
 * endpoint, and holds back what the kernel says until its scripted time, since loopback knows no distance.
 *
 * What the kernel cannot be brought to say here (a shortage; without a namespace, that there is no route) is said in its
 * stead.
 */
import { type Endpoint, formatEndpoint } from '../../src/endpoint.ts'
import { type Failure, failure, isShortage } from '../../src/failure.ts'
import type { DatagramChannel } from '../../src/node/datagram-channel.ts'
import { WILDCARD } from '../../src/node/kernel.ts'
import { nodeWire } from '../../src/node/wire.ts'
import { type KillHow, VirtualNetwork } from '../../src/sim/network.ts'
import { SayingScript, bytesOfSaying, piecesOf } from '../../src/sim/saying.ts'
import { canonicalBind, canonicalTarget } from '../../src/sim/place.ts'
import type { ClientScenario } from '../../src/sim/scenario.ts'
import type { Binds, Network, Saying } from '../../src/sim/world-script.ts'
import type { Wire, WireEvent, WireRequest, WireSocket } from '../../src/wire.ts'
import { type Peer, openPeer } from './peers.ts'
import type { Local, Places } from './places.ts'
import type { ScriptClock } from './script-clock.ts'
import type { Stillness } from './stillness.ts'

type Behaviour = ReturnType<VirtualNetwork['behaviourOf']>

const OPEN_ERRORS = new Set(['EACCES', 'EADDRINUSE', 'EADDRNOTAVAIL', 'EAFNOSUPPORT', 'EINVAL', 'EPERM'])
const isOpenError = (code: string) => OPEN_ERRORS.has(code) || isShortage(code)

/** The scripted world on real sockets: who behaves how, which peers are up, what is open. */
export class ScriptedWorld {
  readonly clock: ScriptClock
  readonly stillness: Stillness
  readonly places: Places
  readonly wire: Wire = { open: (request, tell) => new ScriptedSocket(this, request, tell) }
  readonly #script: VirtualNetwork
  readonly #own: ReadonlySet<string>
  readonly #peers = new Map<string, Promise<Peer>>()
  readonly #retired: Promise<Peer>[] = []
  readonly #up = new Set<Peer>()
  readonly #occupied = new Map<string, Promise<Peer>>()
  readonly #open = new Set<ScriptedSocket>()

  constructor(
    scenario: ClientScenario,
    { clock, stillness, places }: Pick<ScriptedWorld, 'clock' | 'stillness' | 'places'>,
  ) {
    this.clock = clock
    this.stillness = stillness
    this.places = places
    // The binds are the kernel's here; the book of behaviours is the same.
    this.#script = new VirtualNetwork({ ...scenario, binds: {} })
    this.#own = new Set(scenario.self)
    this.changeBinds(scenario.binds)
  }

  change(network: Network): void {
    this.#script.change(network)
  }

  /** A bind that is to fail finds its port taken. */
  changeBinds(binds: Binds): void {
    for (const [key, code] of Object.entries(binds)) {
      const bind = canonicalBind(key) ?? key
      const peer = this.#occupied.get(bind)
      this.#occupied.delete(bind)
      const change = code === null ? peer?.then((peer) => peer.close()) : this.#occupy(bind, code)
      if (change) void this.stillness.during(`bind ${bind}`, change)
    }
  }

  kill(target: string, how: KillHow): void {
    const wanted = canonicalTarget(target)
    for (const socket of this.#open)
      if (wanted === socket.remote.address || wanted === formatEndpoint(socket.remote)) socket.kill(how)
  }

  /** What the engine has not closed. */
  get open(): readonly string[] {
    return [...this.#open].map(({ remote }) => formatEndpoint(remote))
  }

  /** No peer has a client any more. */
  get isDeserted(): boolean {
    return [...this.#up].every((peer) => !peer.hasClients)
  }

  async close(): Promise<void> {
    for (const peer of await Promise.all([...this.#peers.values(), ...this.#retired, ...this.#occupied.values()]))
      peer.destroy()
  }

  enter(socket: ScriptedSocket): void {
    this.#open.add(socket)
  }

  strike(socket: ScriptedSocket): void {
    this.#open.delete(socket)
  }

  isOwn(address: string): boolean {
    return this.#own.has(address)
  }

  hasFamily({ family }: Endpoint): boolean {
    return [...this.#own].some((address) => address.includes(':') === (family === 'ipv6'))
  }

  /** What this attempt will meet, and the error that it meets first. */
  fateOf({ transport, remote }: WireRequest): { readonly behaviour: Behaviour; readonly error: string | undefined } {
    const behaviour = this.#script.behaviourOf(transport, remote)
    return { behaviour, error: this.#script.takeError(behaviour) }
  }

  /** The peer at a scripted endpoint, up and listening. */
  peer(transport: WireRequest['transport'], remote: Endpoint): Promise<Peer> {
    const key = `${transport} ${formatEndpoint(remote)}`
    const found = this.#peers.get(key) ?? this.#openPeer(transport, this.places.peer(remote))
    this.#peers.set(key, found)
    return found
  }

  /** From now on nobody listens there. */
  async retire(transport: WireRequest['transport'], remote: Endpoint): Promise<void> {
    const key = `${transport} ${formatEndpoint(remote)}`
    const peer = this.#peers.get(key)
    if (!peer) return
    this.#peers.delete(key)
    this.#retired.push(peer)
    await (await peer).close()
  }

  async #openPeer(...where: Parameters<typeof openPeer>): Promise<Peer> {
    const peer = await openPeer(...where)
    this.#up.add(peer)
    return peer
  }

  #occupy(bind: string, code: string): Promise<Peer> {
    if (code !== 'EADDRINUSE') throw new Error(`no bind can be made to fail with ${code} here`)
    const [, address = '', port = '', transport] = /^\[?(.+?)\]?:(\d+)\/(tcp|udp)$/.exec(bind) ?? []
    const at = this.places.local({ address, port: Number(port) }, this.isOwn(address))
    const peer = openPeer(transport === 'tcp' ? 'tcp' : 'udp', at)
    this.#occupied.set(bind, peer)
    return peer
  }
}

class ScriptedSocket implements WireSocket {
  readonly remote: Endpoint
  readonly #world: ScriptedWorld
  readonly #request: WireRequest
  readonly #tell: (event: WireEvent) => void
  readonly #behaviour: Behaviour
  readonly #openedAt: number
  readonly #held = new Set<unknown>()
  readonly #expected = new Set<() => void>()
  #real: WireSocket | undefined
  #peer: Peer | undefined
  #target: Pick<Endpoint, 'address' | 'port'> | undefined
  #port = 0
  #script = new SayingScript()
  #requests = 0
  #sentAt = 0
  #state: 'dialling' | 'connected' | 'vanished' | 'closed' = 'dialling'
  #accepted = false

  constructor(world: ScriptedWorld, request: WireRequest, tell: (event: WireEvent) => void) {
    this.remote = request.remote
    this.#world = world
    this.#request = request
    this.#tell = tell
    this.#openedAt = world.clock.now()
    const { behaviour, error } = world.fateOf(request)
    this.#behaviour = error === undefined ? behaviour : {}
    world.enter(this)
    if (error !== undefined && isOpenError(error)) this.#failAfter(behaviour.afterMs ?? 0, failure(error, 'open'))
    else if (error !== undefined) this.#meet(error, behaviour.afterMs ?? 0)
    else if (!world.hasFamily(this.remote)) this.#meet('ENETUNREACH', 0)
    else if (request.transport === 'tcp' && behaviour.unreachable !== undefined)
      this.#meet('EHOSTUNREACH', behaviour.unreachable)
    else void world.stillness.during(formatEndpoint(request.remote), this.#dial())
  }

  get handle(): unknown {
    return this.#real?.handle
  }

  send(bytes: Uint8Array, refused?: (why: Failure) => void): void {
    const { answer, refuse, unreachable } = this.#behaviour
    const n = ++this.#requests
    this.#sentAt = this.#world.clock.now()
    this.#real?.send(bytes, refused)
    const saying = this.#script.answerTo(bytes)
    if (saying) return void this.#world.stillness.during('a request', this.#say(saying, n))
    if (this.#request.transport === 'udp' && refuse !== undefined) this.#expect('the refusal of a datagram')
    if (unreachable !== undefined) this.#failAfter(unreachable, failure('EHOSTUNREACH', 'connected'))
    if (answer === undefined || !this.#peer) return
    void this.#world.stillness.during('a request', this.#peer.heard(this.#port, n))
    this.#after(answer, () => {
      if (!this.#accepted) this.#expect('an answer')
      this.#peer?.answer(this.#port, n)
    })
  }

  /** In answer to our `n`th request, once that is there: what is said sooner could meet it half-way. */
  async #say({ afterMs, dripMs = 0, ends, ...saying }: Saying, n: number): Promise<void> {
    const askedAt = this.#world.clock.now()
    await this.#peer?.heard(this.#port, n)
    if (this.#state === 'closed') return
    const pieces = piecesOf(bytesOfSaying(saying), dripMs)
    for (const [i, piece] of pieces.entries())
      this.#until(askedAt + afterMs + i * dripMs, () => {
        if (!this.#accepted) this.#expect('words')
        this.#peer?.say(this.#port, piece)
      })
    if (ends)
      this.#until(askedAt + afterMs + Math.max(0, pieces.length - 1) * dripMs, () => {
        this.#expect('the end of a peer that has spoken')
        if (ends === 'fin') this.#peer?.fin(this.#port)
        else this.#resetByPeer()
      })
  }

  accept(release: boolean, early: readonly Uint8Array[]): void {
    this.#accepted = true
    this.#real?.accept(release, early)
  }

  readonly close = (): void => {
    if (this.#state !== 'closed') this.#end()
  }

  kill(how: KillHow): void {
    if (this.#state !== 'connected') return
    if (how === 'vanish') {
      this.#state = 'vanished'
      return
    }
    const { transport } = this.#request
    if (transport === 'udp' && how === 'fin') return
    this.#expect(`the end of ${formatEndpoint(this.remote)}`)
    if (how === 'fin') return this.#peer?.fin(this.#port)
    this.#resetByPeer()
  }

  async #dial(): Promise<void> {
    const place = await this.#place()
    if (this.#state === 'closed') return
    if (!this.#isBlackHole() || this.#request.transport === 'udp') this.#expect('to be connected, or refused')
    this.#openReal(place)
  }

  #isBlackHole(): boolean {
    return Object.keys(this.#behaviour).length === 0 && !this.#isItself()
  }

  #isItself(): boolean {
    const { local, remote } = this.#request
    return local?.port === remote.port && this.#world.isOwn(remote.address)
  }

  async #place(): Promise<Pick<Endpoint, 'address' | 'port'>> {
    const { transport, remote } = this.#request
    const { places } = this.#world
    if (this.#isItself()) return places.local(remote, true)
    if (this.#isBlackHole()) {
      await this.#world.retire(transport, remote)
      const hole = places.blackHole(remote, transport)
      if (hole) return hole
    }
    if (this.#behaviour.refuse !== undefined) await this.#world.retire(transport, remote)
    else this.#peer = await this.#world.peer(transport, remote)
    return places.peer(remote)
  }

  #openReal({ address, port }: Pick<Endpoint, 'address' | 'port'>): void {
    const { remote, local } = this.#request
    const bound = local && this.#boundAt({ address: local.address, port: local.port })
    const request = { ...this.#request, remote: { family: remote.family, address, port }, local: bound }
    this.#target = { address, port }
    this.#real = nodeWire().open(request, (event) => this.#hear(event))
  }

  #boundAt(local: Local): Local {
    const own = local.address !== undefined && this.#world.isOwn(local.address)
    return this.#world.places.local(local, own)
  }

  /** Where the script bound it, if that is where it is. */
  #scripted(found: Endpoint | undefined): Endpoint | undefined {
    const { local, family } = this.#request
    if (!local || !found) return undefined
    const wanted = { address: local.address ?? WILDCARD[family], port: local.port }
    const bound = this.#boundAt(wanted)
    // A wildcard is filled in by the kernel as soon as it connects.
    const isBound = local.address === undefined || found.address === bound.address
    const address = isBound ? wanted.address : found.address
    return { family, address, port: found.port === bound.port ? wanted.port : found.port }
  }

  #hear(event: WireEvent): void {
    if (this.#state === 'closed') return
    switch (event.type) {
      case 'opened':
        return this.#tell({ type: 'opened', local: this.#scripted(event.local) })
      case 'connected':
        this.#port = event.local?.port ?? 0
        return void this.#world.stillness.during('to be accepted', this.#connected(event))
      case 'received':
      case 'moved':
      case 'negotiated':
        this.#calm()
        return this.#tell(event)
      case 'failed':
        this.#calm()
        return this.#failed(event.failure)
    }
  }

  async #connected({ local }: { readonly local?: Endpoint | undefined }): Promise<void> {
    await this.#peer?.accepted(this.#port)
    this.#calm()
    if (this.#state === 'closed') return
    const { connect = 0, reset } = this.#behaviour
    this.#until(this.#openedAt + connect, () => {
      this.#state = 'connected'
      this.#script = new SayingScript(this.#behaviour.says)
      if (reset !== undefined)
        this.#after(reset, () => {
          this.#expect('a reset')
          this.#resetByPeer()
        })
      // The dialer compares the two ends, as the script has them.
      const isItself = local?.address === this.#target?.address && local?.port === this.#target?.port
      this.#tell({ type: 'connected', local: isItself ? this.remote : local })
    })
  }

  #failed(cause: Failure): void {
    const now = this.#world.clock.now()
    const due = this.#dueOf(cause.code) ?? now
    if (due > now) this.#until(due, () => this.#fail(cause))
    else this.#fail(cause)
  }

  /** When the script wants this failure to be known. */
  #dueOf(code: string): number | undefined {
    const { refuse, unreachable } = this.#behaviour
    const since = this.#request.transport === 'udp' ? this.#sentAt : this.#openedAt
    const after = code === 'ECONNREFUSED' ? refuse : code === 'EHOSTUNREACH' ? unreachable : undefined
    return after === undefined ? undefined : since + after
  }

  #resetByPeer(): void {
    this.#peer?.reset(this.#port)
    if (this.#request.transport === 'tcp') return
    void this.#world.stillness.during('a port to close', this.#knock())
  }

  /** A closed port is noticed by the next datagram of the user's. */
  async #knock(): Promise<void> {
    await this.#world.retire('udp', this.remote)
    const channel = this.handle as DatagramChannel
    // What becomes of it the channel tells its reader.
    await channel.send(new Uint8Array(1)).catch(() => {})
  }

  /** An error of connecting: the kernel's own where a route can be made for it, said in its stead elsewhere. */
  #meet(code: string, ms: number): void {
    const place = this.#world.places.nowhere(this.remote, code)
    if (place) {
      this.#expect(code)
      return this.#openReal(place)
    }
    this.#until(this.#openedAt, () => {
      this.#tell({ type: 'opened' })
      this.#until(this.#openedAt + ms, () => this.#fail(failure(code, 'connect')))
    })
  }

  #failAfter(ms: number, cause: Failure): void {
    this.#after(ms, () => this.#fail(cause))
  }

  #fail(cause: Failure): void {
    this.#end()
    this.#tell({ type: 'failed', failure: cause })
  }

  #end(): void {
    this.#state = 'closed'
    this.#calm()
    for (const id of this.#held) this.#world.clock.clearTimeout(id)
    this.#held.clear()
    this.#world.strike(this)
    this.#real?.close()
  }

  #after(ms: number, run: () => void): void {
    this.#until(this.#world.clock.now() + ms, run)
  }

  #until(at: number, run: () => void): void {
    const id = this.#world.clock.at(at, this.#request.attempt, () => {
      this.#held.delete(id)
      run()
    })
    this.#held.add(id)
  }

  /** The clock waits until this socket has heard the next thing. */
  #expect(what: string): void {
    this.#expected.add(this.#world.stillness.expect(`attempt ${this.#request.attempt}: ${what}`))
  }

  #calm(): void {
    for (const done of this.#expected) done()
    this.#expected.clear()
  }
}
