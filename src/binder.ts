/**
 * The listening sockets of a root: what both twins do alike, over a `Dock` that differs. It owns them; its disposer
 * closes them, and the clients that came through them. Whom to let in is the `Acceptor`'s business, which all blocks of a
 * server share.
 *
 * A shortage of this machine (EMFILE and kin) is tried again within the bind; what else becomes of a listener that failed
 * or was lost is the machine's business.
 */
import { Acceptor, type Client, type House, type Peer, type PeerNote, type Reception, acceptorOf } from './acceptor.ts'
import type { Bind, BindResult, BinderHears, BinderInput, BinderSays } from './actors.ts'
import { type Io, ioActor } from './contain.ts'
import type { Dock, DockEvent, DockRequest, DockSocket } from './dock.ts'
import type { Endpoint } from './endpoint.ts'
import type { Failure } from './failure.ts'
import { listenersOf } from './handles.ts'
import { shortagePause } from './shortage.ts'

/** `receptionOf`: asked once for each server, by its root's system. */
export function binderLogic(dock: Dock, receptionOf: (system: object) => Reception) {
  return ioActor<BinderInput, BinderSays, BinderHears>((io) => {
    const { system, clock, input } = io
    const acceptor = acceptorOf(system, () => new Acceptor(system, clock, input.limits, receptionOf(system)))
    const binder = new Binder(io, dock, acceptor)
    io.hear((event) => binder.accept(event))
    return () => binder.dispose()
  })
}

/** A listener, from the order to bind it until it has failed, was lost or given up. */
interface Berth {
  readonly request: DockRequest
  socket: DockSocket | undefined
  /** `opening`: the system has it in its hands. `paused`: for a shortage. */
  state: 'opening' | 'paused' | 'bound' | 'closed'
  shortages: number
  timer: unknown
}

class Binder implements House {
  readonly clients = new Set<Client>()
  readonly peers = new Map<string, Peer>()
  readonly #io: Io<BinderInput, BinderSays, BinderHears>
  readonly #dock: Dock
  readonly #acceptor: Acceptor
  readonly #berths = new Map<number, Berth>()
  /** How many binds the system has in its hands, and what became of others meanwhile. */
  #opening = 0
  #results: BindResult[] = []
  #settling: unknown
  #isDraining = false
  #drained: unknown

  constructor(io: Io<BinderInput, BinderSays, BinderHears>, dock: Dock, acceptor: Acceptor) {
    this.#io = io
    this.#dock = dock
    this.#acceptor = acceptor
  }

  accept(event: BinderHears): void {
    switch (event.type) {
      case 'listeners.bind':
        for (const bind of event.binds) this.#bind(bind)
        return
      case 'listener.close':
        return this.#giveUp(event.listener)
      case 'binder.drain':
        return this.#drain()
      case 'binder.evict':
        this.#drain()
        return this.#acceptor.evict(this)
    }
  }

  /** The actor is silent by now, so nobody hears of those who are dropped. */
  dispose(): void {
    this.#closeAll()
    this.#acceptor.evict(this)
    this.#io.clock.clearTimeout(this.#drained)
  }

  emit(note: PeerNote): void {
    this.#io.emit(note)
  }

  send(listener: number, bytes: Uint8Array, to: Endpoint): boolean {
    const berth = this.#berths.get(listener)
    if (berth?.state !== 'bound') return false
    berth.socket?.send(bytes, to)
    return true
  }

  emptied(): void {
    // Later, since it may be the machine that we are hearing.
    if (this.#isDraining) this.#drained ??= this.#io.clock.setTimeout(() => this.#io.say({ type: 'binder.drained' }), 0)
  }

  #bind(request: Bind): void {
    const before = this.#berths.get(request.listener)
    if (before) this.#close(before)
    const berth: Berth = { request, socket: undefined, state: 'opening', shortages: 0, timer: undefined }
    this.#berths.set(request.listener, berth)
    this.#open(berth)
  }

  #open(berth: Berth): void {
    const { request } = berth
    berth.state = 'opening'
    this.#opening++
    const socket: DockSocket = this.#dock.open(request, (event) => {
      if (berth.socket === socket) this.#hearDock(berth, event)
      // What an earlier socket still says is of no interest, but whom it still lets in would stay for ever.
      else if (event.type === 'arrived') event.guest.close()
    })
    berth.socket = socket
    listenersOf(this.#io.system).set(request.listener, socket)
  }

  #hearDock(berth: Berth, event: DockEvent): void {
    const { listener } = berth.request
    switch (event.type) {
      case 'bound':
        this.#opening--
        berth.state = 'bound'
        return this.#settle({ listener, local: event.local })
      case 'failed':
        return this.#failed(berth, event.failure)
      case 'arrived':
        return this.#acceptor.arrived(this, listener, event.guest)
      case 'heard':
        return this.#acceptor.heard(this, listener, event.from, event.bytes)
      case 'turnedAway':
        return this.#acceptor.turnedAway(this, listener, event.from)
    }
  }

  /** The UDP peers of one that is lost stay: it is bound again, most likely, and then it can answer them. */
  #failed(berth: Berth, cause: Failure): void {
    const { request, state } = berth
    const { listener } = request
    const pause = state === 'bound' ? undefined : shortagePause(cause.code, berth.shortages++)
    this.#close(berth)
    if (pause !== undefined) {
      berth.state = 'paused'
      berth.timer = this.#io.clock.setTimeout(() => this.#open(berth), pause)
      return this.#settle()
    }
    this.#berths.delete(listener)
    if (state !== 'bound') return this.#settle({ listener, failure: cause })
    this.#tellResults()
    this.#io.say({ type: 'listener.lost', listener, failure: cause })
  }

  /** Results wait for each other: a server of many sockets hears of them at once. */
  #settle(result?: BindResult): void {
    if (result) this.#results.push(result)
    if (this.#opening === 0) this.#tellResults()
  }

  #tellResults(): void {
    if (this.#results.length > 0) this.#io.say({ type: 'listeners.settled', results: this.#results.splice(0) })
  }

  /** What is known of others waits for nothing any more; but it may be the machine that we are hearing. */
  #giveUp(listener: number): void {
    const berth = this.#berths.get(listener)
    if (berth) this.#close(berth)
    this.#berths.delete(listener)
    this.#results = this.#results.filter((result) => result.listener !== listener)
    this.#acceptor.silence(this, listener)
    if (this.#results.length > 0) this.#settling ??= this.#io.clock.setTimeout(() => this.#settleLater(), 0)
  }

  #settleLater(): void {
    this.#settling = undefined
    this.#settle()
  }

  #drain(): void {
    this.#isDraining = true
    this.#closeAll()
    if (this.clients.size === 0) this.emptied()
  }

  #closeAll(): void {
    for (const berth of this.#berths.values()) this.#close(berth)
    this.#berths.clear()
    this.#results = []
    this.#io.clock.clearTimeout(this.#settling)
    this.#acceptor.silence(this)
  }

  #close(berth: Berth): void {
    const { socket, state } = berth
    if (state === 'opening') this.#opening--
    berth.state = 'closed'
    // Forgotten first: should closing it go wrong after all, it is nobody's any more.
    berth.socket = undefined
    listenersOf(this.#io.system).delete(berth.request.listener)
    this.#io.clock.clearTimeout(berth.timer)
    socket?.close()
  }
}
