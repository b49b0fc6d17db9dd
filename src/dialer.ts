/**
 * One attempt, from the socket to the confirmation: what both twins do alike, over a `Wire` that differs. It owns the
 * socket until that is accepted with `release`; its disposer closes it.
 *
 * Shortages of this machine (EMFILE and kin) are not the candidate's fault: they are tried again within the attempt.
 * The deadline is the machine's business, not ours.
 */
import type { DialerHears, DialerInput, DialerSays } from './actors.ts'
import { type Exchange, type ExchangeFactory, resendAfter } from './confirmation.ts'
import { type Io, ioActor } from './contain.ts'
import type { Endpoint } from './endpoint.ts'
import { type Failure, failure } from './failure.ts'
import { handlesOf } from './handles.ts'
import { shortagePause } from './shortage.ts'
import { type HopMeans, noSuchHop, tunnel } from './tunnel.ts'
import type { Wire, WireEvent, WireSocket } from './wire.ts'

/** What an attempt is made over. */
export interface Means {
  readonly wire: Wire
  readonly exchangeFor: ExchangeFactory
  /** Without it there is no way over hops. */
  readonly hops?: HopMeans | undefined
}

export const dialerLogic = (wire: Wire, exchangeFor: ExchangeFactory, hops?: HopMeans) =>
  dialerOver(() => ({ wire, exchangeFor, hops }))

/** `meansOf`: asked for each attempt, by the system of its root. */
export function dialerOver(meansOf: (system: object) => Means) {
  return ioActor<DialerInput, DialerSays, DialerHears>((io) => {
    const { hops, confirmation, candidate } = io.input
    const { wire, exchangeFor, hops: hopMeans } = meansOf(io.system)
    const [door] = hops
    const attempt = new Attempt(io, door && hopMeans ? tunnel(wire, hopMeans, hops, candidate) : wire)
    io.hear((event) => attempt.accept(event))
    attempt.begin(door && !hopMeans ? noSuchHop(door) : exchangeFor(confirmation, candidate))
    return () => attempt.dispose()
  })
}

class Attempt {
  readonly #io: Io<DialerInput, DialerSays, DialerHears>
  readonly #wire: Wire
  readonly #remote: Endpoint
  #exchange: Exchange | undefined
  #socket: WireSocket | undefined
  #timer: unknown
  #shortages = 0
  #stage: 'open' | 'connect' | 'negotiate' | 'confirm' | 'connected' = 'open'
  #sent = 0
  /** Since the socket of the moment was opened: each starts with the short gaps. */
  #resends = 0
  #received = 0
  #accepted = false
  #released = false

  constructor(io: Io<DialerInput, DialerSays, DialerHears>, wire: Wire) {
    const { family, address, port } = io.input.candidate
    this.#io = io
    this.#wire = wire
    this.#remote = { family, address, port }
  }

  begin(exchange: Exchange | Failure | undefined): void {
    if (exchange && 'code' in exchange) {
      // Nothing is said from inside the start.
      this.#timer = this.#io.clock.setTimeout(() => this.#fail(exchange), 0)
      return
    }
    this.#exchange = exchange
    this.#open()
  }

  accept({ attempt, release }: DialerHears): void {
    if (attempt !== this.#io.input.attempt || this.#accepted || !this.#socket) return
    this.#accepted = true
    this.#released = release
    this.#socket.accept(release, this.#exchange?.takeEarly?.() ?? [])
  }

  /** After a release the handle stays in the registry until the host has taken it; it is nobody's to close here. */
  dispose(): void {
    if (!this.#released) this.#close()
  }

  #open(): void {
    const { attempt, candidate, local } = this.#io.input
    const { transport, family } = candidate
    const reads = this.#exchange !== undefined
    this.#stage = 'open'
    this.#resends = 0
    const socket: WireSocket = this.#wire.open(
      { attempt, transport, family, remote: this.#remote, local, reads, exchange: this.#exchange },
      (event) => {
        // What an earlier socket of this attempt still says is of no interest.
        if (this.#socket === socket) this.#hearWire(event)
      },
    )
    this.#socket = socket
    handlesOf(this.#io.system).set(attempt, socket)
  }

  #hearWire(event: WireEvent): void {
    switch (event.type) {
      case 'opened':
        this.#stage = 'connect'
        return this.#io.say({ type: 'attempt.opened', attempt: this.#io.input.attempt, local: event.local })
      case 'connected':
        return this.#connected(event.local)
      case 'negotiated':
        return this.#negotiated(event.hop)
      case 'received':
        return this.#judge(event.bytes)
      case 'moved':
        return this.#io.emit({ type: 'attempt.moved', attempt: this.#io.input.attempt, remote: event.remote })
      case 'failed':
        return this.#failed(event.failure)
    }
  }

  #connected(local: Endpoint | undefined): void {
    if (local && local.port === this.#remote.port && local.address === this.#remote.address)
      return this.#fail(failure('SELF_CONNECT', 'connect'))
    const isThrough = this.#io.input.hops.length === 0
    this.#stage = isThrough ? this.#lastStage : 'negotiate'
    this.#io.say({ type: 'attempt.connected', attempt: this.#io.input.attempt, local })
    if (isThrough && this.#exchange) this.#ask(this.#exchange)
  }

  #negotiated(hop: number): void {
    const { attempt, hops } = this.#io.input
    const isThrough = hop === hops.length
    if (isThrough) this.#stage = this.#lastStage
    this.#io.say({ type: 'attempt.negotiated', attempt, hop })
    if (isThrough && this.#exchange) this.#ask(this.#exchange)
  }

  get #lastStage(): 'confirm' | 'connected' {
    return this.#exchange ? 'confirm' : 'connected'
  }

  #ask(exchange: Exchange): void {
    // Whoever heard that we are connected may have stopped us by now.
    if (!this.#socket) return
    this.#socket.send(exchange.request)
    this.#sent++
    if (this.#io.input.candidate.transport === 'udp')
      this.#timer = this.#io.clock.setTimeout(() => this.#ask(exchange), exchange.pace ?? resendAfter(++this.#resends))
  }

  #judge(bytes: Uint8Array): void {
    if (!this.#exchange || this.#stage !== 'confirm') return
    this.#received++
    const verdict = this.#exchange.receive(bytes)
    for (const answer of this.#exchange.takeAnswers?.() ?? []) this.#socket?.send(answer)
    if (verdict === 'waiting') return
    if (verdict !== 'confirmed') return this.#fail(verdict)
    this.#stage = 'connected'
    this.#io.clock.clearTimeout(this.#timer)
    const { attempt } = this.#io.input
    this.#io.say({ type: 'attempt.confirmed', attempt, sent: this.#sent, received: this.#received })
  }

  #failed(cause: Failure): void {
    const pause = shortagePause(cause.code, this.#shortages)
    if (pause === undefined || this.#stage === 'connected') return this.#fail(cause)
    this.#shortages++
    this.#close()
    this.#timer = this.#io.clock.setTimeout(() => this.#open(), pause)
  }

  #fail(cause: Failure): void {
    const { attempt } = this.#io.input
    this.#close()
    if (this.#accepted) this.#io.say({ type: 'attempt.lost', attempt, failure: cause })
    else this.#io.say({ type: 'attempt.failed', attempt, failure: { ...cause, stage: this.#stage } })
  }

  #close(): void {
    const socket = this.#socket
    // Forgotten first: should closing it go wrong after all, it is nobody's any more.
    this.#socket = undefined
    handlesOf(this.#io.system).delete(this.#io.input.attempt)
    this.#io.clock.clearTimeout(this.#timer)
    socket?.close()
  }
}
