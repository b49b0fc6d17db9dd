/**
 * The listening sockets of a root: what both twins do alike, over a `Dock` that differs. It owns them; its disposer
 * closes them, and the clients that came through them. What becomes of whom they let in is the porter's
 * business, which all blocks of a root share.
 *
 * A shortage of this machine (EMFILE and kin) is tried again within the bind; what else becomes of a listener that failed
 * or was lost is the machine's business.
 */
import type { Client, House, Peer, PeerNote } from './acceptor.ts'
import type { Bind, BindResult, BinderHears, BinderInput, BinderSays } from './actors.ts'
import { type Io, ioActor } from './contain.ts'
import type { Dock, DockEvent, DockRequest, DockSocket, Guest, Refused } from './dock.ts'
import type { Endpoint } from './endpoint.ts'
import type { Failure } from './failure.ts'
import { listenersOf } from './handles.ts'
import { shortagePause } from './shortage.ts'

/** Who decides what becomes of those who come: an acceptor lets a server's clients in, a junction joins peers. */
export interface Porter {
  /** A listener is bound; it is heard from until it is silenced. */
  bound(house: House, listener: number, local: Endpoint): void
  /** A TCP client has come. */
  arrived(house: House, listener: number, guest: Guest): void
  /** A datagram has come. */
  heard(house: House, listener: number, remote: Endpoint, bytes: Uint8Array): void
  /** The system itself has turned a TCP client away. */
  turnedAway(house: House, listener: number, remote: Endpoint | undefined): void
  /** A listener, or all of the block, will send no more. */
  silence(house: House, listener?: number): void
  /** The TCP clients that are left have to go. */
  evict(house: House): void
}

/** `porterOf`: asked by each binder, of the root in which it starts. */
export function binderLogic(dock: Dock, porterOf: (io: Pick<BinderIo, 'system' | 'clock' | 'input'>) => Porter) {
  return ioActor<BinderInput, BinderSays, BinderHears>((io) => {
    const binder = new Binder(io, dock, porterOf(io))
    io.hear((event) => binder.accept(event))
    return () => binder.dispose()
  })
}

type BinderIo = Io<BinderInput, BinderSays, BinderHears>

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
  readonly #io: BinderIo
  readonly #dock: Dock
  readonly #porter: Porter
  readonly #berths = new Map<number, Berth>()
  /** How many binds the system has in its hands, and what became of others meanwhile. */
  #opening = 0
  #results: BindResult[] = []
  #settling: unknown
  #isDraining = false
  #drained: unknown

  constructor(io: BinderIo, dock: Dock, porter: Porter) {
    this.#io = io
    this.#dock = dock
    this.#porter = porter
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
        return this.#porter.evict(this)
    }
  }

  /** The actor is silent by now, so nobody hears of those who are dropped. */
  dispose(): void {
    this.#closeAll()
    this.#porter.evict(this)
    this.#io.clock.clearTimeout(this.#drained)
  }

  emit(note: PeerNote): void {
    this.#io.emit(note)
  }

  send(listener: number, bytes: Uint8Array, to: Endpoint, refused?: Refused): boolean {
    const berth = this.#berths.get(listener)
    if (berth?.state !== 'bound') return false
    berth.socket?.send(bytes, to, refused)
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
        this.#porter.bound(this, listener, event.local)
        return this.#settle({ listener, local: event.local })
      case 'failed':
        return this.#failed(berth, event.failure)
      case 'arrived':
        return this.#porter.arrived(this, listener, event.guest)
      case 'heard':
        return this.#porter.heard(this, listener, event.from, event.bytes)
      case 'turnedAway':
        return this.#porter.turnedAway(this, listener, event.from)
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
    this.#porter.silence(this, listener)
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
    this.#porter.silence(this)
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
