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
import type { Endpoint, Transport } from './endpoint.ts'
import { type Failure, failure } from './failure.ts'
import type { Carrier, Feed } from './path.ts'
import { MAX_REPLY_BYTES, type Negotiator, type Progress, type Relay } from './plugins/negotiator.ts'
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
  /** No hop before it, which could say in its place what it was told, was told a secret. */
  readonly mayQuote: boolean
}

export const noSuchHop = ({ kind }: HopConfig): Failure =>
  failure('BAD_HOP', 'negotiate', `no plugin here makes hops of the kind "${kind}"`)

/** Connections that one attempt may make to its first hop. */
const MAX_CONNECTIONS = 8

export function tunnel(wire: Wire, means: HopMeans, hops: readonly HopConfig[], candidate: Candidate): Wire {
  const { transport } = candidate
  const stops = hops.map((hop, i): Stop => {
    const { host, port } = candidate.hops[i + 1] as Candidate['hops'][number]
    const mayQuote = !hops.slice(0, i).some(hasSecrets)
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
  /** Hops that have been told of: after a reopening only the others are news. */
  #told = 0
  /** Said by the hop of the moment. */
  #bytes = 0
  #early: Uint8Array[] = []
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
    this.#bytes = 0
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
    if (this.#datagrams) this.#datagrams.socket.send(this.#datagrams.relay.wrap(bytes), refused)
    else this.#stream?.send(bytes, refused)
  }

  accept(release: boolean, early: readonly Uint8Array[]): void {
    this.#state = release ? 'released' : 'held'
    const feed = this.#datagrams?.feed
    if (feed) for (const bytes of early) feed.deliver(bytes)
    else this.#stream?.accept(release, [...early, ...this.#early])
  }

  close(): void {
    if (this.#state === 'done') return
    // A released stream is the user's.
    if (this.#state === 'released' && !this.#datagrams) return
    this.#end()
  }

  #hearStream(event: WireEvent): void {
    switch (event.type) {
      case 'opened':
        return this.#connections === 1 ? this.#tell(event) : undefined
      case 'connected':
        if (this.#connections === 1) this.#tell(event)
        // Whoever heard that may have closed us.
        return this.#state === 'dialling' ? this.#greet() : undefined
      case 'received':
        return this.#read(event.bytes)
      case 'failed':
        return this.#fail(event.failure)
      case 'moved':
      case 'negotiated':
        return undefined
    }
  }

  get #isThrough(): boolean {
    return this.#at === this.#stops.length
  }

  #greet(): void {
    this.#bytes = 0
    const known = this.#negotiators[this.#at]
    if (known) return this.#follow(known.begin())
    const made = this.#means.negotiatorFor(this.#stops[this.#at] as Stop)
    if ('code' in made) return this.#fail(made)
    this.#negotiators.push(made)
    this.#follow(made.begin())
  }

  #read(bytes: Uint8Array): void {
    // Of a relay nothing more is said here than that it ends.
    if (this.#datagrams) return
    if (this.#isThrough) {
      if (this.#request.reads) this.#tell({ type: 'received', bytes })
      else this.#early.push(bytes)
      return
    }
    this.#bytes += bytes.length
    this.#follow((this.#negotiators[this.#at] as Negotiator).receive(bytes))
  }

  #follow(progress: Progress): void {
    switch (progress.state) {
      case 'waiting':
        if (this.#bytes > MAX_REPLY_BYTES) return this.#fail(failure('REPLY_TOO_LONG', 'negotiate'))
        if (progress.send) this.#stream?.send(progress.send)
        return
      case 'failed':
        return this.#fail(failure(progress.code, 'negotiate', progress.message))
      case 'reopen':
        return this.#reopen()
      case 'done':
        if (progress.send) this.#stream?.send(progress.send)
        return progress.relay ? this.#openRelay(progress.relay) : this.#passed(progress.early)
    }
  }

  #reopen(): void {
    if (this.#connections === MAX_CONNECTIONS)
      return this.#fail(failure('HOP_REFUSED', 'negotiate', `the hop wanted more than ${MAX_CONNECTIONS} connections`))
    this.#stream?.close()
    this.dial()
  }

  #passed(early: Uint8Array | undefined): void {
    this.#at++
    if (this.#isThrough && early && !this.#request.reads) this.#early.push(early)
    this.#tellPassed()
    // Whoever heard it may have closed us, or taken the socket.
    if (this.#state !== 'dialling') return
    if (!this.#isThrough) this.#greet()
    if (early && this.#state === 'dialling' && (!this.#isThrough || this.#request.reads)) this.#read(early)
  }

  #tellPassed(): void {
    if (this.#at <= this.#told) return
    this.#told = this.#at
    this.#tell({ type: 'negotiated', hop: this.#at })
  }

  #openRelay(relay: Relay): void {
    const { attempt, local, remote } = this.#request
    const endpoint = relayAt(relay, remote)
    if ('code' in endpoint) return this.#fail(endpoint)
    // The address that we bind is of the family of the hop; any other relay is not for it.
    const { family } = endpoint
    const bound = family === remote.family ? local : local && { port: local.port }
    const socket = this.#wire.open(
      { attempt, transport: 'udp', family, remote: endpoint, local: bound, reads: true },
      (event) => this.#hearRelay(event, endpoint),
    )
    this.#datagrams = { relay, socket }
  }

  #hearRelay(event: WireEvent, remote: Endpoint): void {
    const datagrams = this.#datagrams as Datagrams
    switch (event.type) {
      case 'connected':
        datagrams.feed = this.#means.feedFor(this.#carrier(event.local ?? remote, remote))
        this.#at++
        return this.#tellPassed()
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
    const payload = relay.unwrap(bytes)
    if (!payload) feed?.drop?.()
    else if (this.#request.reads && this.#state === 'dialling') this.#tell({ type: 'received', bytes: payload })
    else feed?.deliver(payload)
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
