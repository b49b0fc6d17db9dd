/**
 * TCP between two hosts of the virtual network: two ends, and what the one says the other hears, in its order. As a `Wire`
 * it calls; who is called gets a `Guest`.
 *
 * An end is in the books of its host until it is closed, whoever closed it.
 */
import type { Guest } from '../dock.ts'
import type { Endpoint } from '../endpoint.ts'
import { type Failure, failure } from '../failure.ts'
import type { Wire, WireEvent, WireRequest, WireSocket } from '../wire.ts'
import { utf8 } from '../utf8.ts'
import type { Visitor } from './befall.ts'
import type { OpenGuest, OpenListener } from './inbound.ts'
import type { Host } from './internet.ts'
import type { KillHow, OpenSocket } from './network.ts'

/** `host`: where a socket is opened, asked at that moment. */
export function virtualStreams(host: () => Host): Wire {
  return {
    open: (request, tell) => {
      const caller = new Caller(host(), request, tell)
      caller.open()
      return caller
    },
  }
}

/** A client of the script comes: it says what it has to say, and goes when it has to. Nobody hears what it is told. */
export function visitStream(host: Host, { source, to, send, sendAfterMs = 0, closeAfterMs }: Visitor): void {
  const listener = host.inbound.listenerAt('tcp', to)
  if (!listener) return
  const callee = new Callee(host, listener, { remote: source, local: to })
  if (send !== undefined) callee.after(sendAfterMs, () => callee.receive(utf8(send)))
  if (closeAfterMs !== undefined) callee.after(closeAfterMs, () => callee.kill('fin'))
  listener.admit(callee.guest)
}

type State = 'opening' | 'connected' | 'held' | 'vanished' | 'closed'

abstract class End implements WireSocket {
  readonly host: Host
  /** At the other end. */
  other: End | undefined
  protected state: State = 'opening'
  protected tell: ((event: WireEvent) => void) | undefined
  protected reads = false
  /** What came before anybody wanted it. */
  protected readonly early: Uint8Array[] = []
  readonly #onTheWay = new Set<unknown>()

  constructor(host: Host) {
    this.host = host
  }

  get handle(): this {
    return this
  }

  /** Where the other end is reached. */
  abstract get remote(): Endpoint
  protected abstract strike(): void

  send(bytes: Uint8Array): void {
    if (this.state === 'connected' || this.state === 'held')
      this.host.internet.carry(this.host, this.remote, () => this.other?.receive(bytes))
  }

  accept(_: boolean, early: readonly Uint8Array[]): void {
    this.state = 'held'
    for (const bytes of [...early, ...this.early.splice(0)]) this.host.read(bytes)
  }

  readonly close = (): void => this.leave('CLOSED_BY_PEER')

  /** The script ends the connection: both ends know, or none. */
  kill(how: KillHow): void {
    for (const end of [this, this.other]) {
      if (how === 'vanish') end?.vanish()
      else end?.fail(failure(how === 'reset' ? 'ECONNRESET' : 'CLOSED_BY_PEER', 'connected'))
    }
  }

  receive(bytes: Uint8Array): void {
    if (this.state === 'held') this.host.read(bytes)
    else if (this.state !== 'connected') return
    else if (this.tell && this.reads) this.tell({ type: 'received', bytes })
    else this.early.push(bytes)
  }

  fail(why: Failure): void {
    if (this.state === 'closed' || this.state === 'vanished') return
    this.end()
    this.tell?.({ type: 'failed', failure: why })
  }

  protected vanish(): void {
    if (this.state !== 'closed') this.state = 'vanished'
  }

  /** `code`: what the other end is told. */
  protected leave(code: string): void {
    const { state, host, remote } = this
    if (state === 'closed') return
    this.end()
    if (state !== 'vanished') host.internet.carry(host, remote, () => this.other?.fail(failure(code, 'connected')))
  }

  protected end(): void {
    this.state = 'closed'
    for (const id of this.#onTheWay) this.host.clock.clearTimeout(id)
    this.strike()
  }

  /** Unless it has been closed by then. */
  after(ms: number, run: () => void): void {
    const { clock } = this.host
    const id = clock.at(clock.now() + ms, 0, () => {
      this.#onTheWay.delete(id)
      run()
    })
    this.#onTheWay.add(id)
  }
}

class Caller extends End {
  readonly #request: WireRequest
  readonly #entry: OpenSocket

  constructor(host: Host, request: WireRequest, tell: (event: WireEvent) => void) {
    super(host)
    const { attempt, transport, remote, reads } = request
    this.#request = request
    this.tell = tell
    this.reads = reads
    this.#entry = { attempt, transport, remote, released: false, kill: (how) => this.kill(how) }
  }

  get remote(): Endpoint {
    return this.#request.remote
  }

  open(): void {
    const { remote, family, local } = this.#request
    const { network, ports } = this.host
    network.enter(this.#entry)
    const bound = local && ports.bind('tcp', family, local)
    if (bound && 'code' in bound) return this.after(0, () => this.fail(bound))
    if (bound) network.settle(this.#entry, bound)
    this.after(0, () => this.tell?.({ type: 'opened', local: bound }))
    const source = ports.source('tcp', remote, bound)
    if ('code' in source) return this.after(0, () => this.fail(source))
    network.settle(this.#entry, source)
    this.#call(source)
  }

  #call(source: Endpoint): void {
    const { internet } = this.host
    const from = internet.seenAs(this.host, source, this.remote)
    internet.carry(this.host, this.remote, ({ host, inner }) => {
      if (this.state !== 'opening') return
      const listener = host.inbound.listenerAt('tcp', inner)
      const callee = listener && new Callee(host, listener, { remote: from, local: inner })
      const answer = callee ? () => this.#connect(source) : () => this.fail(failure('ECONNREFUSED', 'connect'))
      internet.carry(host, from, answer)
      if (!callee) return
      this.other = callee
      callee.other = this
      listener.admit(callee.guest)
    })
  }

  #connect(local: Endpoint): void {
    if (this.state !== 'opening') return
    this.state = 'connected'
    this.tell?.({ type: 'connected', local })
  }

  protected strike(): void {
    this.host.network.strike(this.#entry)
  }
}

class Callee extends End {
  readonly remote: Endpoint
  readonly guest: Guest
  readonly #entry: OpenGuest
  #gone: (() => void) | undefined

  constructor(host: Host, { listener }: OpenListener, { remote, local }: Pick<Guest, 'remote' | 'local'>) {
    super(host)
    this.remote = remote
    this.state = 'connected'
    this.#entry = { listener, remote, kill: (how) => this.kill(how) }
    host.inbound.enter(this.#entry)
    this.guest = {
      handle: this,
      remote,
      local,
      hasSpoken: () => this.early.length > 0,
      watch: (gone) => void (this.#gone = gone),
      close: () => this.leave('ECONNRESET'),
      adopt: (reads, tell) => this.#adopt(local, reads, tell),
    }
  }

  #adopt(local: Endpoint, reads: boolean, tell: (event: WireEvent) => void): WireSocket {
    this.after(0, () => {
      this.tell = tell
      this.reads = reads
      tell({ type: 'opened', local })
      if (this.state === 'connected') tell({ type: 'connected', local })
      for (const bytes of reads ? this.early.splice(0) : []) this.receive(bytes)
    })
    return this
  }

  protected strike(): void {
    this.host.inbound.strike(this.#entry)
    const { clock } = this.host
    if (this.#gone) clock.at(clock.now(), 0, this.#gone)
  }
}
