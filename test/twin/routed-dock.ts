/**
 * The kernel's dock for one of two peers: it opens real UDP sockets at the place that stands for the scripted endpoint,
 * and their datagrams go through the router. The host's books (`src/sim/inbound.ts`, `src/sim/ports.ts`) say what the
 * kernel has to say; what it cannot be brought to say is told in its stead.
 */
import { expect } from 'vitest'
import type { Dock, DockEvent, DockRequest, DockSocket, Guest, Refused } from '../../src/dock.ts'
import { type Endpoint, type Transport, formatEndpoint } from '../../src/endpoint.ts'
import { type Failure, failure } from '../../src/failure.ts'
import { nodeDock } from '../../src/node/dock.ts'
import type { OpenListener, Visit } from '../../src/sim/inbound.ts'
import type { PeerWorld } from '../../src/sim/peer-world.ts'
import { utf8 } from '../../src/utf8.ts'
import type { Ground } from './grounds.ts'
import type { Router } from './router.ts'
import type { ScriptClock } from './script-clock.ts'
import type { Stillness } from './stillness.ts'

/** Somebody may put another in its place meanwhile. */
const openReal = nodeDock.open

export interface Shore {
  readonly world: PeerWorld
  /** Of that world; what is set here runs as this peer's. */
  readonly clock: ScriptClock
  readonly ground: Ground
  readonly router: Router
  readonly stillness: Stillness
  /** Codes that were told in the kernel's stead. */
  readonly standIns: Set<string>
}

export function routedDock(shore: Shore): Dock {
  return {
    open: (request, tell) => {
      const socket = new RoutedSocket(shore, request, tell)
      socket.open()
      return socket
    },
  }
}

/** A datagram on its last way, from the router to us. */
interface Arrival {
  readonly source: Endpoint
  readonly came: () => void
}

class RoutedSocket implements DockSocket, OpenListener {
  readonly #shore: Shore
  readonly #request: DockRequest
  readonly #tell: (event: DockEvent) => void
  #state: 'binding' | 'bound' | 'closed' = 'binding'
  #real: DockSocket | undefined
  /** What the kernel said of the bind. */
  #verdict: DockEvent | undefined
  #onTheWay: unknown
  readonly #arrivals: Arrival[] = []
  /** Of its death, by the script. */
  #code = ''
  #dead = () => {}
  local?: Endpoint

  constructor(shore: Shore, request: DockRequest, tell: (event: DockEvent) => void) {
    this.#shore = shore
    this.#request = request
    this.#tell = tell
  }

  get handle(): unknown {
    return this.#real?.handle
  }

  get listener(): number {
    return this.#request.listener
  }

  get transport(): Transport {
    return this.#request.transport
  }

  open(): void {
    const { stillness, clock } = this.#shore
    const { inbound } = this.#shore.world
    const scripted = this.#bind()
    inbound.enter(this)
    if (typeof scripted !== 'string') inbound.settle(this, scripted)
    void stillness.during(`listener ${this.listener} to be bound, or not`, this.#bindReal(typeof scripted === 'string'))
    this.#onTheWay = clock.at(clock.now(), this.listener, () => {
      if (typeof scripted === 'string') return this.#fail(this.#inWords(scripted))
      expect(this.#verdict).toMatchObject({ type: 'bound' })
      this.#state = 'bound'
      this.#tell({ type: 'bound', local: scripted })
    })
  }

  receive({ source, to, send = '', bytes = utf8(send) }: Visit): void {
    if (this.#state !== 'bound') return
    const { ground, router, stillness } = this.#shore
    this.#arrivals.push({ source, came: stillness.expect(`a datagram at ${formatEndpoint(to)}`) })
    router.forward(bytes, to.family, { ...ground.server(to), port: this.#port })
  }

  /** It leaves, and what becomes of it is decided at once. */
  send(bytes: Uint8Array, to: Endpoint, refused: Refused = () => {}): void {
    if (this.#state !== 'bound') return
    const { router, standIns, clock } = this.#shore
    const { inbound, ports } = this.#shore.world
    const source = ports.source('udp', to, this.local)
    if ('code' in source) {
      standIns.add(source.code)
      clock.at(clock.now(), this.listener, () => refused(failure(source.code, 'connected')))
    } else {
      this.#real?.send(bytes, router.expect(to.family, this.#port, bytes))
      inbound.send(source, to, bytes)
    }
  }

  die(code: string): void {
    this.#code = code
    this.#dead = this.#shore.stillness.expect(`the death of listener ${this.listener}`)
    ;(this.handle as { close: () => void }).close()
  }

  /** UDP admits nobody. */
  admit(guest: Guest): void {
    guest.close()
  }

  close(): void {
    if (this.#state === 'closed') return
    this.#state = 'closed'
    const { clock, world } = this.#shore
    clock.clearTimeout(this.#onTheWay)
    world.inbound.strike(this)
    this.#real?.close()
    for (const { came } of this.#arrivals.splice(0)) came()
  }

  /** Its own, of the kernel. */
  get #port(): number {
    return this.#verdict?.type === 'bound' ? this.#verdict.local.port : 0
  }

  /** Where it is bound by the script, or the code of why not. */
  #bind(): Endpoint | string {
    const { ports } = this.#shore.world
    const { endpoint } = this.#request
    if (ports.lacks(endpoint.family)) return 'EAFNOSUPPORT'
    const bound = ports.bind('udp', endpoint.family, endpoint)
    return 'code' in bound ? bound.code : bound
  }

  /** `isBarred`: it is to fail, so another socket is in the way. */
  async #bindReal(isBarred: boolean): Promise<void> {
    const other = isBarred ? await this.#open(() => {}) : undefined
    const { socket, verdict } = await this.#open((event) => this.#hear(event))
    this.#real = socket
    this.#verdict = verdict
    other?.socket.close()
    if (this.#state === 'closed') socket.close()
  }

  #open(hear: (event: DockEvent) => void): Promise<{ readonly socket: DockSocket; readonly verdict: DockEvent }> {
    const { endpoint } = this.#request
    const place = { family: endpoint.family, ...this.#shore.ground.server(endpoint) }
    return new Promise((resolve) => {
      let isSettled = false
      const socket = openReal({ ...this.#request, endpoint: place }, (event) => {
        if (isSettled) return hear(event)
        isSettled = true
        resolve({ socket, verdict: event })
      })
    })
  }

  /** Why the kernel did not bind it, in the script's words if these are others. */
  #inWords(scripted: string): Failure {
    const why = this.#verdict?.type === 'failed' ? this.#verdict.failure : undefined
    if (why?.code === scripted) return why
    this.#shore.standIns.add(scripted)
    return failure(scripted, 'bind')
  }

  #hear(event: DockEvent): void {
    if (event.type === 'failed') return this.#fail(failure(this.#code, 'accept'))
    if (event.type !== 'heard' || !this.#shore.router.isFrom(event.from)) return
    const arrival = this.#arrivals.shift()
    arrival?.came()
    if (arrival) this.#tell({ type: 'heard', from: arrival.source, bytes: event.bytes })
  }

  #fail(why: Failure): void {
    this.close()
    this.#dead()
    this.#tell({ type: 'failed', failure: why })
  }
}
