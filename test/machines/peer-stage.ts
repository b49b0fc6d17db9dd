/**
 * Peers on a stage: real machines, dialers, binders and junctions over one small network of the test's own, in virtual
 * time. What the network does to a packet, and how it rewrites its addresses, is for the test to say.
 */
import { type InspectionEvent, createActor } from 'xstate'
import { ledgerOf } from '../../machines/client.ts'
import { peerLedgerOf, peerLogic } from '../../machines/peer.ts'
import type { ResolverInput, ResolverSays } from '../../src/actors.ts'
import { binderLogic } from '../../src/binder.ts'
import { type PeerConfigInput, PeerSchema } from '../../src/config/peer-schema.ts'
import { ioActor } from '../../src/contain.ts'
import { dialerOver } from '../../src/dialer.ts'
import type { Dock, DockEvent, DockRequest } from '../../src/dock.ts'
import { type Endpoint, formatEndpoint, parseAddress } from '../../src/endpoint.ts'
import { failure } from '../../src/failure.ts'
import { handlesOf, listenersOf } from '../../src/handles.ts'
import { Junction, greeterLogic, joinAt, junctionOf } from '../../src/junction.ts'
import type { Note } from '../../src/ledger.ts'
import type { Identity } from '../../src/meeting.ts'
import type { Carrier } from '../../src/path.ts'
import type { ServerNote } from '../../src/roster.ts'
import { hash } from '../../src/seed.ts'
import { HeapClock } from '../../src/sim/clock.ts'
import { traceLine } from '../../src/trace.ts'
import type { Wire, WireEvent } from '../../src/wire.ts'

interface Socket {
  readonly request: DockRequest
  readonly local: Endpoint
  readonly tell: (event: DockEvent) => void
}

/** One end of a stream. */
interface End {
  other: End | undefined
  tell: (event: WireEvent) => void
  gone: () => void
  isOpen: boolean
}

/** What becomes of a packet: its delays, ms; none: it is lost. */
export type Fate = (from: Endpoint, to: Endpoint, bytes: Uint8Array) => readonly number[]
/** Where a packet comes from and goes to, as a NAT on its way would have it. */
export type Route = (from: Endpoint, to: Endpoint) => { readonly from: Endpoint; readonly to: Endpoint }

export const at = (text: string): Endpoint => {
  const [, host = '', port] = /^\[?(.*?)\]?:(\d+)$/.exec(text) ?? []
  return { ...(parseAddress(host) ?? { family: 'ipv4', address: host }), port: Number(port) }
}

export const idOf = (seed: number) => Uint8Array.from({ length: 8 }, (_, i) => hash(seed, 'id', i) & 255)

export class PeerNet {
  readonly clock = new HeapClock()
  readonly #sockets = new Map<string, Socket>()
  readonly #ends = new Set<End>()
  #fate: Fate = () => [1]
  #route: Route = (from, to) => ({ from, to })
  #port = 50_000
  sent = 0

  set fate(fate: Fate) {
    this.#fate = fate
  }

  set route(route: Route) {
    this.#route = route
  }

  /** Sockets, and ends of streams. */
  get open(): number {
    return this.#sockets.size + this.#ends.size
  }

  /** As the kernel of a host with these addresses would. */
  dock(addresses: readonly string[]): Dock {
    return {
      open: (request, tell) => {
        const { address, family, port } = request.endpoint
        const isWild = address === '0.0.0.0' || address === '::'
        const own = isWild ? addresses.find((one) => parseAddress(one)?.family === family) : address
        const local = { family, address: own ?? address, port: port === 0 ? this.#port++ : port }
        const socket: Socket = { request, local, tell }
        const name = formatEndpoint(local)
        const missing = own === undefined || !addresses.includes(own)
        const code = missing ? 'EADDRNOTAVAIL' : this.#sockets.has(name) ? 'EADDRINUSE' : undefined
        let isOpen = true
        if (code === undefined) this.#sockets.set(name, socket)
        this.clock.setTimeout(() => {
          if (isOpen)
            tell(code === undefined ? { type: 'bound', local } : { type: 'failed', failure: failure(code, 'bind') })
        }, 0)
        return {
          handle: socket,
          send: (bytes, to) => this.send(local, to, bytes),
          close: () => {
            isOpen = false
            if (this.#sockets.get(name) === socket) this.#sockets.delete(name)
          },
        }
      },
    }
  }

  send(from: Endpoint, to: Endpoint, bytes: Uint8Array): void {
    this.sent++
    const hop = this.#route(from, to)
    for (const delay of this.#fate(from, to, bytes)) {
      this.clock.setTimeout(() => {
        this.#sockets.get(formatEndpoint(hop.to))?.tell({ type: 'heard', from: hop.from, bytes: bytes.slice() })
      }, delay)
    }
  }

  /** The socket there dies. */
  kill(text: string): void {
    const socket = this.#sockets.get(text)
    this.#sockets.delete(text)
    socket?.tell({ type: 'failed', failure: failure('ENETDOWN', 'bind') })
  }

  /** Streams from a host: a connect that takes 1 ms, and bytes that take 1 ms. */
  wire(address: string): Wire {
    return {
      open: ({ remote }, tell) => {
        const local = { family: remote.family, address, port: this.#port++ }
        const near: End = { other: undefined, tell, gone: () => {}, isOpen: true }
        this.#ends.add(near)
        this.clock.setTimeout(() => {
          const listener = this.#sockets.get(formatEndpoint(remote))
          if (!near.isOpen) return
          if (!listener) return this.#fail(near, 'ECONNREFUSED')
          const far: End = { other: near, tell: () => {}, gone: () => {}, isOpen: true }
          near.other = far
          this.#ends.add(far)
          tell({ type: 'opened', local })
          tell({ type: 'connected', local })
          listener.tell({ type: 'arrived', guest: this.#guest(far, remote, local) })
        }, 1)
        return this.#socket(near)
      },
    }
  }

  #guest(end: End, local: Endpoint, remote: Endpoint) {
    return {
      handle: end,
      local,
      remote,
      hasSpoken: () => false,
      watch: (gone: () => void) => void (end.gone = gone),
      close: () => this.#close(end),
      adopt: (_: boolean, tell: (event: WireEvent) => void) => {
        end.tell = tell
        this.clock.setTimeout(() => {
          if (end.isOpen) tell({ type: 'opened', local })
          if (end.isOpen) tell({ type: 'connected', local })
        }, 0)
        return this.#socket(end)
      },
    }
  }

  #socket(end: End) {
    const log: string[] = []
    return {
      handle: log,
      send: (bytes: Uint8Array) => {
        this.clock.setTimeout(() => {
          if (end.other?.isOpen) end.other.tell({ type: 'received', bytes })
        }, 1)
      },
      accept: (_: boolean, early: readonly Uint8Array[]) => void log.push(...early.map((one) => `${one.length}`)),
      close: () => this.#close(end),
    }
  }

  #fail(end: End, code: string): void {
    this.#ends.delete(end)
    end.isOpen = false
    end.tell({ type: 'failed', failure: failure(code, 'connect') })
    end.gone()
  }

  #close(end: End): void {
    if (!end.isOpen) return
    this.#ends.delete(end)
    end.isOpen = false
    this.clock.setTimeout(end.gone, 0)
    this.clock.setTimeout(() => {
      if (end.other?.isOpen) this.#fail(end.other, 'CLOSED_BY_PEER')
    }, 1)
  }
}

export interface Staging {
  /** Of names, by name: the addresses; what is not there is never answered. */
  readonly names?: Readonly<Record<string, readonly string[]>>
  /** How long a look-up takes, ms. */
  readonly lookup?: number
  readonly inspect?: (event: InspectionEvent) => void
}

export type Peer = ReturnType<typeof peerOn>

export function peerOn(
  net: PeerNet,
  addresses: readonly string[],
  input: PeerConfigInput,
  seed: number,
  { names = {}, lookup = 1, inspect }: Staging = {},
) {
  const config = PeerSchema.parse(input)
  const dock = net.dock(addresses)
  const cookieFor = (path: string) => Uint8Array.from({ length: 8 }, (_, i) => hash(seed, path, i) & 255)
  const identity: Identity = { id: idOf(seed), passive: config.waits, cookieFor }
  const inbox: string[] = []
  const carriers: Carrier[] = []
  const actors = {
    resolver: ioActor<ResolverInput, ResolverSays>(({ input: { query, host }, say, clock }) => {
      const found = names[host]
      if (!found) return () => {}
      const timer = clock.setTimeout(() => say({ type: 'resolver.answered', query, addresses: found }), lookup)
      return () => clock.clearTimeout(timer)
    }),
    dialer: dialerOver(junctionOf),
    binder: binderLogic(dock, ({ system }) => junctionOf(system)),
    greeter: greeterLogic(),
  }
  const actor = createActor(peerLogic(actors), {
    clock: net.clock,
    input: { config, seed },
    ...(inspect && { inspect }),
  })
  const junction = new Junction({
    clock: net.clock,
    identity,
    keepalive: config.keepalive,
    float: config.float,
    trustsFirst: config.confirm === 'none',
    dock,
    wire: net.wire(addresses[0] as string),
    exchangeFor: () => undefined,
    feedFor: (carrier) => {
      carriers.push(carrier)
      return {
        handle: carrier,
        deliver: (bytes) => inbox.push(new TextDecoder().decode(bytes)),
        end: (cause) => inbox.push(`end ${cause?.code ?? ''}`.trim()),
      }
    },
  })
  joinAt(actor.system, junction)
  const errors: unknown[] = []
  const notes: (Note | ServerNote)[] = []
  actor.subscribe({ error: (error) => errors.push(error) })
  actor.on('*', (note) => notes.push(note))
  actor.start()
  const send = (event: Parameters<typeof actor.send>[0]) => {
    if (actor.getSnapshot().status === 'active') actor.send(event)
  }
  return {
    actor,
    inbox,
    junction,
    errors,
    carrier: () => carriers.at(-1) as Carrier,
    start: () => send({ type: 'start' }),
    stop: () => send({ type: 'stop' }),
    next: () => send({ type: 'next' }),
    reject: (attempt: number) => send({ type: 'reject', attempt, reason: 'not authorised' }),
    say: (text: string) => carriers.at(-1)?.send(new TextEncoder().encode(text)),
    /** Since they were last read. */
    lines: () => notes.splice(0).map((note) => traceLine(note).trimStart()),
    /** The attempt that is held: where from and to, and since when. */
    held: () => {
      const { client } = actor.getSnapshot().children
      const entry = client && ledgerOf(client.getSnapshot()).current.findLast(({ outcome }) => outcome === 'won')
      if (!entry?.local || !entry.candidate) return undefined
      return { from: formatEndpoint(entry.local), to: formatEndpoint(entry.candidate), since: entry.stages.confirmed }
    },
    state: () => JSON.stringify(actor.getSnapshot().value).replaceAll(/[{}"]/g, ''),
    output: () => actor.getSnapshot().output,
    ledger: () => peerLedgerOf(actor.getSnapshot()),
    /** What must be 0 at the end: attempts' sockets, listeners, errors. */
    left: () => [handlesOf(actor.system).size, listenersOf(actor.system).size, errors.length],
  }
}
