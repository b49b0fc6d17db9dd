/**
 * The wire of the virtual twin: one socket's life on the scripted network, told as the kernel would. It knows bytes and
 * times, no machine, no protocol: a peer that answers says back what it heard.
 *
 * The dialer owns the socket until it is accepted with `release`; then its handle is the user's. After a close or a
 * failure whatever was on its way is dropped.
 */
import type { Endpoint } from '../endpoint.ts'
import { type Failure, failure, isShortage } from '../failure.ts'
import type { Wire, WireEvent, WireRequest, WireSocket } from '../wire.ts'
import type { HeapClock } from './clock.ts'
import type { KillHow, OpenSocket, VirtualNetwork } from './network.ts'
import { SayingScript, bytesOfSaying, piecesOf } from './saying.ts'
import type { Behaviour, Saying } from './world-script.ts'

/** What the user of a virtual connection gets. */
export interface VirtualHandle {
  readonly local: Endpoint | undefined
  readonly remote: Endpoint
  /** Datagrams that came before the hand-over. */
  readonly messages: readonly Uint8Array[]
  /** Why it ended, if the peer ended it. */
  readonly failure: Failure | undefined
  /** Closes it; a second call does nothing. */
  readonly close: () => void
}

/** Errors of making or binding a socket, beside the shortages; any other one comes from connecting. */
const LOCAL_ERRORS: ReadonlySet<string> = new Set([
  'EACCES',
  'EADDRINUSE',
  'EADDRNOTAVAIL',
  'EAFNOSUPPORT',
  'EINVAL',
  'EPERM',
])
const isLocal = (code: string) => LOCAL_ERRORS.has(code) || isShortage(code)

/** `world`: where a socket is opened, asked at that moment. */
export function virtualWire(world: () => { readonly network: VirtualNetwork; readonly clock: HeapClock }): Wire {
  return {
    open: (request, tell) => {
      const { network, clock } = world()
      const socket = new VirtualSocket(network, clock, request, tell)
      socket.open()
      return socket
    },
  }
}

class VirtualSocket implements WireSocket, VirtualHandle {
  readonly #network: VirtualNetwork
  readonly #clock: HeapClock
  readonly #request: WireRequest
  readonly #tell: (event: WireEvent) => void
  readonly #entry: OpenSocket
  readonly #onTheWay = new Set<unknown>()
  #behaviour: Behaviour = {}
  #script = new SayingScript()
  #state: 'connecting' | 'connected' | 'vanished' | 'closed' = 'connecting'
  #accepted = false
  #failure: Failure | undefined
  #messages: readonly Uint8Array[] = []

  constructor(network: VirtualNetwork, clock: HeapClock, request: WireRequest, tell: (event: WireEvent) => void) {
    this.#network = network
    this.#clock = clock
    this.#request = request
    this.#tell = tell
    const { attempt, transport, remote } = request
    this.#entry = { attempt, transport, remote, released: false, kill: (how) => this.#kill(how) }
  }

  get handle(): VirtualHandle {
    return this
  }

  get local(): Endpoint | undefined {
    return this.#entry.local
  }

  get remote(): Endpoint {
    return this.#request.remote
  }

  get messages(): readonly Uint8Array[] {
    return this.#messages
  }

  get failure(): Failure | undefined {
    return this.#failure
  }

  open(): void {
    const { transport, family, remote, local } = this.#request
    this.#network.enter(this.#entry)
    const behaviour = this.#network.behaviourOf(transport, remote)
    const error = this.#network.takeError(behaviour)
    const { afterMs = 0 } = behaviour
    // As long as there is an error, there is nothing else.
    if (error === undefined) this.#behaviour = behaviour
    if (error !== undefined && isLocal(error)) return this.#failAfter(afterMs, failure(error, 'open'))
    const bound = local && this.#network.ports.bind(transport, family, local)
    if (bound && 'code' in bound) return this.#failAfter(0, bound)
    if (bound) this.#network.settle(this.#entry, bound)
    this.#after(0, () => this.#tell({ type: 'opened', local: bound }))
    const source = this.#network.ports.source(transport, remote, bound)
    if ('code' in source) return this.#failAfter(0, source)
    this.#network.settle(this.#entry, source)
    if (error !== undefined && afterMs === 0) return this.#failAfter(0, failure(error, 'connect'))
    this.#connect(source)
    // Later than at once it finds a TCP socket that is still connecting, and a UDP socket that has long connected.
    if (error !== undefined) this.#failAfter(afterMs, failure(error, transport === 'tcp' ? 'connect' : 'connected'))
  }

  /** TCP: the peer's business. UDP: done at once, nobody was asked. A socket that dials itself always succeeds. */
  #connect(source: Endpoint): void {
    const { transport, remote } = this.#request
    const { refuse, unreachable, connect, answer, says, mute, reset } = this.#behaviour
    const itself = source.address === remote.address && source.port === remote.port
    if (transport === 'udp' || itself) return this.#connectAfter(0)
    if (refuse !== undefined) return this.#failAfter(refuse, failure('ECONNREFUSED', 'connect'))
    if (unreachable !== undefined) return this.#failAfter(unreachable, failure('EHOSTUNREACH', 'connect'))
    const accepts = connect ?? (answer === undefined && !says && reset === undefined && !mute ? undefined : 0)
    if (accepts !== undefined) this.#connectAfter(accepts)
  }

  #connectAfter(ms: number): void {
    this.#after(ms, () => {
      this.#state = 'connected'
      this.#script = new SayingScript(this.#behaviour.says)
      if (this.#behaviour.reset !== undefined) this.#failAfter(this.#behaviour.reset, this.#resetFailure())
      this.#tell({ type: 'connected', local: this.#entry.local })
    })
  }

  send(bytes: Uint8Array): void {
    if (this.#state !== 'connected') return
    const { answer, refuse, unreachable } = this.#behaviour
    const saying = this.#script.answerTo(bytes)
    if (saying) return this.#say(saying)
    if (answer !== undefined) this.#after(answer, () => this.#receive(bytes))
    if (refuse !== undefined) this.#failAfter(refuse, failure('ECONNREFUSED', 'connected'))
    if (unreachable !== undefined) this.#failAfter(unreachable, failure('EHOSTUNREACH', 'connected'))
  }

  accept(release: boolean, early: readonly Uint8Array[]): void {
    this.#accepted = true
    this.#messages = early
    this.#entry.released = release
  }

  /** The engine's close and the user's, each for the time in which the socket is theirs; idempotent. */
  readonly close = (): void => {
    if (this.#state !== 'closed') this.#end()
  }

  #say({ afterMs, dripMs = 0, ends, ...saying }: Saying): void {
    const pieces = piecesOf(bytesOfSaying(saying), dripMs)
    for (const [i, piece] of pieces.entries()) this.#after(afterMs + i * dripMs, () => this.#receive(piece))
    const lastly = afterMs + Math.max(0, pieces.length - 1) * dripMs
    if (ends) this.#failAfter(lastly, ends === 'fin' ? failure('CLOSED_BY_PEER', 'connected') : this.#resetFailure())
  }

  #receive(bytes: Uint8Array): void {
    if (!this.#accepted) this.#tell({ type: 'received', bytes })
  }

  #kill(how: KillHow): void {
    if (this.#state !== 'connected') return
    if (how === 'reset') this.#fail(this.#resetFailure())
    else if (how === 'vanish') this.#vanish()
    // A UDP peer that goes in good order says nothing about it.
    else if (this.#request.transport === 'tcp') this.#fail(failure('CLOSED_BY_PEER', 'connected'))
  }

  /** A reset on UDP is the ICMP refusal of a port that is closed by now. */
  #resetFailure(): Failure {
    return failure(this.#request.transport === 'tcp' ? 'ECONNRESET' : 'ECONNREFUSED', 'connected')
  }

  #vanish(): void {
    this.#state = 'vanished'
    this.#dropAll()
  }

  #failAfter(ms: number, cause: Failure): void {
    this.#after(ms, () => this.#fail(cause))
  }

  #fail(cause: Failure): void {
    const told = !this.#entry.released
    this.#end()
    this.#failure = cause
    if (told) this.#tell({ type: 'failed', failure: cause })
  }

  #end(): void {
    this.#state = 'closed'
    this.#dropAll()
    this.#network.strike(this.#entry)
  }

  #after(ms: number, run: () => void): void {
    const id = this.#clock.at(this.#clock.now() + ms, this.#request.attempt, () => {
      this.#onTheWay.delete(id)
      run()
    })
    this.#onTheWay.add(id)
  }

  #dropAll(): void {
    for (const id of this.#onTheWay) this.#clock.clearTimeout(id)
    this.#onTheWay.clear()
  }
}
