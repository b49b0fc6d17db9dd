/**
 * The dock of the virtual twin: listening sockets on the scripted network, and the clients that come in, told as the
 * kernel would. It knows bytes and times, no machine and no limit: whom to let in is decided elsewhere.
 *
 * A binder owns a listener until it closes it, and a client until it has gone. After a close whatever was on its way
 * is dropped, but that a client which was watched is told to have gone.
 */
import type { Dock, DockEvent, DockRequest, DockSocket, Guest, Refused } from '../dock.ts'
import type { Endpoint, Transport } from '../endpoint.ts'
import { failure } from '../failure.ts'
import type { HeapClock } from './clock.ts'
import type { Inbound, OpenGuest, OpenListener, Visit } from './inbound.ts'
import type { KillHow } from './network.ts'
import type { Ports } from './ports.ts'
import { utf8 } from '../utf8.ts'

/** What a listening socket lives in. */
interface Shore {
  readonly inbound: Inbound
  readonly ports: Ports
  readonly clock: HeapClock
}

/** `shore`: where a socket is opened, asked at that moment. */
export function virtualDock(shore: () => Shore): Dock {
  return {
    open: (request, tell) => {
      const listener = new VirtualListener(shore(), request, tell)
      listener.open()
      return listener
    },
  }
}

class VirtualListener implements DockSocket, OpenListener {
  readonly #shore: Shore
  readonly #request: DockRequest
  readonly #tell: (event: DockEvent) => void
  #state: 'binding' | 'bound' | 'closed' = 'binding'
  #onTheWay: unknown
  local?: Endpoint

  constructor(shore: Shore, request: DockRequest, tell: (event: DockEvent) => void) {
    this.#shore = shore
    this.#request = request
    this.#tell = tell
  }

  get handle(): this {
    return this
  }

  get listener(): number {
    return this.#request.listener
  }

  get transport(): Transport {
    return this.#request.transport
  }

  open(): void {
    const { inbound, ports, clock } = this.#shore
    inbound.enter(this)
    const bound = this.#bind(ports)
    if (typeof bound !== 'string') inbound.settle(this, bound)
    this.#onTheWay = clock.at(clock.now(), this.listener, () => {
      if (typeof bound === 'string') return this.die(bound)
      this.#state = 'bound'
      this.#tell({ type: 'bound', local: bound })
    })
  }

  /** Where it is bound, or the code of why not. */
  #bind(ports: Ports): Endpoint | string {
    const { family } = this.#request.endpoint
    if (ports.lacks(family)) return 'EAFNOSUPPORT'
    const bound = ports.bind(this.transport, family, this.#request.endpoint)
    return 'code' in bound ? bound.code : bound
  }

  die(code: string): void {
    const stage = this.#state === 'bound' ? 'accept' : 'bind'
    this.close()
    this.#tell({ type: 'failed', failure: failure(code, stage) })
  }

  receive(visit: Visit): void {
    if (this.#state !== 'bound') return
    const { source: from, send = '', bytes = utf8(send) } = visit
    if (this.transport === 'udp') return this.#tell({ type: 'heard', from, bytes })
    const { inbound, clock } = this.#shore
    const guest = new VirtualGuest(inbound, clock, this.listener, visit)
    this.admit(guest)
    guest.begin()
  }

  admit(guest: Guest): void {
    if (this.#state === 'bound') this.#tell({ type: 'arrived', guest })
    else guest.close()
  }

  send(bytes: Uint8Array, to: Endpoint, refused: Refused = () => {}): void {
    if (this.#state !== 'bound') return
    const { inbound, ports, clock } = this.#shore
    const source = ports.source(this.transport, to, this.local)
    if (!('code' in source)) return inbound.send(source, to, bytes)
    clock.at(clock.now(), this.listener, () => refused(failure(source.code, 'connected')))
  }

  close(): void {
    if (this.#state === 'closed') return
    this.#state = 'closed'
    this.#shore.clock.clearTimeout(this.#onTheWay)
    this.#shore.inbound.strike(this)
  }
}

class VirtualGuest implements Guest, OpenGuest {
  readonly #inbound: Inbound
  readonly #clock: HeapClock
  readonly #visit: Visit
  readonly listener: number
  /** When it speaks; never, if it has nothing to say. */
  #speaksAt = Infinity
  #leaving: unknown
  #isOpen = true
  #gone: (() => void) | undefined

  constructor(inbound: Inbound, clock: HeapClock, listener: number, visit: Visit) {
    const { closeAfterMs } = visit
    this.#inbound = inbound
    this.#clock = clock
    this.#visit = visit
    this.listener = listener
    inbound.enter(this)
    if (closeAfterMs !== undefined)
      this.#leaving = clock.at(clock.now() + closeAfterMs, listener, () => this.kill('fin'))
  }

  get handle(): this {
    return this
  }

  get remote(): Endpoint {
    return this.#visit.source
  }

  get local(): Endpoint {
    return this.#visit.to
  }

  /** It has arrived. What it says at once is read after that, as it is by the kernel's twin. */
  begin(): void {
    const { send, sendAfterMs = 0 } = this.#visit
    if (send !== undefined) this.#speaksAt = this.#clock.now() + sendAfterMs
  }

  hasSpoken(): boolean {
    return this.#clock.now() >= this.#speaksAt
  }

  watch(gone: () => void): void {
    this.#gone = gone
  }

  close(): void {
    if (!this.#isOpen) return
    this.#end()
    if (this.#gone) this.#clock.at(this.#clock.now(), this.listener, this.#gone)
  }

  kill(how: KillHow): void {
    if (how === 'vanish') return this.#silence()
    this.#end()
    this.#gone?.()
  }

  #silence(): void {
    if (!this.hasSpoken()) this.#speaksAt = Infinity
    this.#clock.clearTimeout(this.#leaving)
  }

  #end(): void {
    this.#isOpen = false
    this.#silence()
    this.#inbound.strike(this)
  }
}
