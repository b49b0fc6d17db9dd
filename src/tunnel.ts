/**
 * A way over hops (R9), as a wire: it dials the first hop over TCP, and on that one stream has each hop's negotiator talk
 * it into carrying us further. To the dialer it is a socket like any other, which also says how far it has got.
 *
 * For datagrams the last hop names a relay: the tunnel opens a UDP socket to it, and both sockets live and die together.
 * It owns all of them until the stream is handed over; a relay's stay its own, behind the program's channel.
 */
import type { Candidate } from './candidate.ts'
import type { HopConfig } from './config/schema.ts'
import { isHandle } from './config/vault.ts'
import { type Endpoint, type Transport, formatEndpoint } from './endpoint.ts'
import { type Failure, failure, isShortage } from './failure.ts'
import type { Carrier, Feed } from './path.ts'
import { MAX_REPLY_BYTES, type Negotiator, type Progress, type Relay, isProgress } from './plugins/negotiator.ts'
import { relayAt } from './relay.ts'
import type { Wire, WireEvent, WireRequest, WireSocket } from './wire.ts'

/** What a ring gives for hops. */
export interface HopMeans {
  readonly negotiatorFor: (stop: Stop) => Negotiator | Failure
  /** What datagrams over a relay become in the program's hands. */
  readonly feedFor: (carrier: Carrier) => Feed
}

/** One hop, and what it is to carry us to. */
export interface Stop {
  readonly hop: HopConfig
  readonly target: { readonly host: string; readonly port: number }
  /** `udp` for the last one of a remote's, where that is UDP. */
  readonly transport: Transport
  /** No hop of the way is told a secret: whoever has heard one, or has carried it, may say it back at any time. */
  readonly mayQuote: boolean
}

export const noSuchHop = ({ kind }: HopConfig): Failure =>
  failure('BAD_HOP', 'negotiate', `no plugin here makes hops of the kind "${kind}"`)

/** Connections that one attempt may make to its first hop. */
const MAX_CONNECTIONS = 8

export function tunnel(wire: Wire, means: HopMeans, hops: readonly HopConfig[], candidate: Candidate): Wire {
  const { transport } = candidate
  const mayQuote = !hops.some(hasSecrets)
  const stops = hops.map((hop, i): Stop => {
    const { host, port } = candidate.hops[i + 1] as Candidate['hops'][number]
    return { hop, target: { host, port }, transport: i === hops.length - 1 ? transport : 'tcp', mayQuote }
  })
  return {
    open: (request, tell) => {
      const socket = new Tunnel(wire, means, stops, request, tell)
      socket.dial()
      return socket
    },
  }
}

/** What it cannot read is dropped: anybody may have sent it. */
function unwrapped(relay: Relay, bytes: Uint8Array): Uint8Array | undefined {
  try {
    return relay.unwrap(bytes)
  } catch {
    return undefined
  }
}

const hasSecrets = ({ settings }: HopConfig): boolean => Object.values(settings).flat().some(isHandle)

interface Datagrams {
  readonly relay: Relay
  readonly socket: WireSocket
  feed?: Feed
}

class Tunnel implements WireSocket {
  readonly #wire: Wire
  readonly #means: HopMeans
  readonly #stops: readonly Stop[]
  readonly #request: WireRequest
  readonly #tell: (event: WireEvent) => void
  /** Of the hops that were reached so far; what they learnt outlives a connection. */
  readonly #negotiators: Negotiator[] = []
  #stream: WireSocket | undefined
  #connections = 0
  /** The hop that is spoken to, from 0; behind the last one we are through. */
  #at = 0
  /** Said by the hop of the moment. */
  #bytes = 0
  /** What came, and was given to nobody yet. */
  #unread: Uint8Array[] = []
  #datagrams: Datagrams | undefined
  #state: 'dialling' | 'held' | 'released' | 'done' = 'dialling'

  constructor(
    wire: Wire,
    means: HopMeans,
    stops: readonly Stop[],
    request: WireRequest,
    tell: (event: WireEvent) => void,
  ) {
    this.#wire = wire
    this.#means = means
    this.#stops = stops
    this.#request = request
    this.#tell = tell
  }

  get handle(): unknown {
    return this.#datagrams ? this.#datagrams.feed?.handle : this.#stream?.handle
  }

  /** Not told from inside. */
  dial(): void {
    const { transport, local } = this.#request
    this.#connections++
    this.#at = 0
    this.#unread = []
    // The port is for the socket that the remote will see.
    const bound = transport === 'tcp' ? local : local && { address: local.address, port: 0 }
    const stream = this.#wire.open(
      { ...this.#request, transport: 'tcp', local: bound, reads: true, exchange: undefined },
      (event) => {
        if (this.#stream === stream && this.#state !== 'done') this.#hearStream(event)
      },
    )
    this.#stream = stream
  }

  send(bytes: Uint8Array, refused?: (why: Failure) => void): void {
    if (!this.#datagrams) return this.#stream?.send(bytes, refused)
    const { socket, relay } = this.#datagrams
    const wrapped = this.#called(() => relay.wrap(bytes))
    if (wrapped) socket.send(wrapped, refused)
  }

  accept(release: boolean, early: readonly Uint8Array[]): void {
    this.#state = release ? 'released' : 'held'
    const feed = this.#datagrams?.feed
    if (feed) for (const bytes of early) feed.deliver(bytes)
    else this.#stream?.accept(release, [...early, ...this.#unread])
  }

  close(): void {
    if (this.#state === 'done') return
    // A released stream is the user's.
    if (this.#state === 'released' && !this.#datagrams) return
    this.#end()
  }

  // --- the stream ---

  #hearStream(event: WireEvent): void {
    switch (event.type) {
      case 'opened':
        return this.#tell(event)
      case 'connected':
        this.#tell(event)
        return this.#greet()
      case 'received':
        return this.#read(event.bytes)
      case 'failed':
        return this.#fail(this.#named(event.failure))
      case 'moved':
      case 'negotiated':
        return undefined
    }
  }

  /** Of several places the one that the system speaks of. */
  #named(cause: Failure): Failure {
    if (this.#isThrough) return cause
    const { host, port } = this.#stop.hop
    return { ...cause, message: `${formatEndpoint({ address: host, port })}: ${cause.message}` }
  }

  #read(bytes: Uint8Array): void {
    // Of a relay nothing more is said here than that it ends.
    if (this.#datagrams) return
    this.#unread.push(bytes)
    while (this.#state === 'dialling' && this.#giveNext());
    const isHoarding = this.#state === 'dialling' && lengthOf(this.#unread) > MAX_REPLY_BYTES
    if (isHoarding) this.#fail(failure('REPLY_TOO_LONG', 'confirm'))
  }

  /** To whoever is to read now. `false`: there is nothing left, or nobody reads before the user does. */
  #giveNext(): boolean {
    if (this.#isThrough && !this.#request.reads) return false
    const bytes = this.#unread.shift()
    if (!bytes) return false
    if (this.#isThrough) this.#tell({ type: 'received', bytes })
    else this.#negotiate(bytes)
    return true
  }

  // --- the hops ---

  get #isThrough(): boolean {
    return this.#at === this.#stops.length
  }

  /** The one that is spoken to; the last, where we are through. */
  get #stop(): Stop {
    return this.#stops[Math.min(this.#at, this.#stops.length - 1)] as Stop
  }

  #greet(): void {
    // Whoever heard how far we are may have closed us.
    if (this.#state !== 'dialling') return
    this.#bytes = 0
    const negotiator = this.#negotiators[this.#at] ?? this.#called(() => this.#means.negotiatorFor(this.#stop))
    if (!negotiator) return
    if ('code' in negotiator) return this.#fail(negotiator)
    this.#negotiators[this.#at] = negotiator
    this.#follow(this.#called(() => negotiator.begin()))
  }

  #negotiate(bytes: Uint8Array): void {
    const negotiator = this.#negotiators[this.#at] as Negotiator
    this.#bytes += bytes.length
    this.#follow(this.#called(() => negotiator.receive(bytes)))
  }

  #follow(progress: Progress | undefined): void {
    if (this.#state === 'done') return
    if (!isProgress(progress)) return this.#fail(this.#broken('has returned no progress'))
    switch (progress.state) {
      case 'waiting':
        if (this.#bytes > MAX_REPLY_BYTES) return this.#fail(failure('REPLY_TOO_LONG', 'negotiate'))
        if (progress.send) this.#stream?.send(progress.send)
        return
      case 'failed':
        return this.#fail(this.#refusal(progress))
      case 'reopen':
        return this.#reopen()
      case 'done':
        if (progress.send) this.#stream?.send(progress.send)
        return this.#pass(progress)
    }
  }

  /** The system's own codes are not for plugins: a shortage of ours would be waited for. */
  #refusal({ code, message }: Progress & { readonly state: 'failed' }): Failure {
    return isShortage(code) ? this.#broken(`has failed with ${code}`) : failure(code, 'negotiate', message)
  }

  #pass({ relay, early }: Progress & { readonly state: 'done' }): void {
    const isForDatagrams = this.#stop.transport === 'udp'
    if (isForDatagrams && relay) return this.#openRelay(relay)
    if (isForDatagrams) return this.#fail(this.#broken('has named no relay for datagrams'))
    if (relay) return this.#fail(this.#broken('has named a relay for a stream'))
    if (early && early.length > 0) this.#unread.unshift(early)
    this.#passed()
    if (!this.#isThrough) this.#greet()
  }

  #passed(): void {
    this.#at++
    this.#tell({ type: 'negotiated', hop: this.#at })
  }

  /** With a reset, so that a local port which was asked for is free again. */
  #reopen(): void {
    if (this.#connections === MAX_CONNECTIONS)
      return this.#fail(failure('HOP_REFUSED', 'negotiate', `the hop wanted more than ${MAX_CONNECTIONS} connections`))
    this.#stream?.close({ abruptly: true })
    this.dial()
  }

  // --- the relay ---

  #openRelay(relay: Relay): void {
    const { attempt, local, remote } = this.#request
    const endpoint = relayAt(relay, remote, this.#stop.mayQuote)
    if ('code' in endpoint) return this.#fail(endpoint)
    const { family } = endpoint
    const socket = this.#wire.open(
      { attempt, transport: 'udp', family, remote: endpoint, local, reads: true },
      (event) => this.#hearRelay(event, endpoint),
    )
    this.#datagrams = { relay, socket }
  }

  #hearRelay(event: WireEvent, remote: Endpoint): void {
    const datagrams = this.#datagrams as Datagrams
    switch (event.type) {
      case 'connected':
        datagrams.feed = this.#means.feedFor(this.#carrier(event.local ?? remote, remote))
        return this.#passed()
      case 'received':
        return this.#deliver(event.bytes)
      case 'failed':
        return this.#fail(event.failure)
      case 'opened':
      case 'moved':
      case 'negotiated':
        return undefined
    }
  }

  #carrier(local: Endpoint, remote: Endpoint): Carrier {
    const send: Carrier['send'] = (bytes, refused) => {
      if (this.#state === 'done') return false
      this.send(bytes, refused ?? (() => {}))
      return true
    }
    return { local, remote, send, close: () => this.#fail(failure('LOCAL_CLOSE', 'connected')) }
  }

  #deliver(bytes: Uint8Array): void {
    const { relay, feed } = this.#datagrams as Datagrams
    const payload = unwrapped(relay, bytes)
    if (!payload) feed?.drop?.()
    else if (this.#request.reads && this.#state === 'dialling') this.#tell({ type: 'received', bytes: payload })
    else feed?.deliver(payload)
  }

  // --- failing ---

  /** What a plugin throws fails its hop and nothing else. It is not quoted, since there may be a secret in it. */
  #called<Value>(call: () => Value): Value | undefined {
    try {
      return call()
    } catch {
      this.#fail(this.#broken('has thrown an error'))
      return undefined
    }
  }

  #broken(how: string): Failure {
    return failure('PLUGIN_FAILED', 'negotiate', `the plugin "${this.#stop.hop.kind}" ${how}`)
  }

  #fail(cause: Failure): void {
    if (this.#state === 'done') return
    const isTold = this.#state !== 'released'
    const why = this.#state === 'dialling' ? this.#blamed(cause) : { ...cause, stage: 'connected' as const }
    this.#end(why)
    if (isTold) this.#tell({ type: 'failed', failure: why })
  }

  #blamed(cause: Failure): Failure {
    return this.#isThrough ? cause : { ...cause, hop: this.#at + 1 }
  }

  #end(cause?: Failure): void {
    this.#state = 'done'
    try {
      this.#stream?.close()
    } finally {
      // Should closing the one go wrong after all, the other must not be left.
      this.#datagrams?.socket.close()
      this.#datagrams?.feed?.end(cause)
    }
  }
}

const lengthOf = (pieces: readonly Uint8Array[]): number => pieces.reduce((sum, { length }) => sum + length, 0)
