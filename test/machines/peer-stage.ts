/**
 * Peers on a stage: real machines, dialers, binders and junctions over one small network of the test's own, in virtual
 * time. What the network does to a packet is for the test to say.
 */
import { createActor } from 'xstate'
import { peerLogic } from '../../machines/peer.ts'
import { ledgerOf } from '../../machines/client.ts'
import type { ResolverInput, ResolverSays } from '../../src/actors.ts'
import { binderLogic } from '../../src/binder.ts'
import { type PeerConfigInput, PeerSchema } from '../../src/config/peer-schema.ts'
import { ioActor } from '../../src/contain.ts'
import { dialerOver } from '../../src/dialer.ts'
import type { Dock, DockEvent, DockRequest } from '../../src/dock.ts'
import { type Endpoint, formatEndpoint, parseAddress } from '../../src/endpoint.ts'
import { failure } from '../../src/failure.ts'
import { Junction, greeterLogic, joinAt, junctionOf } from '../../src/junction.ts'
import type { Note } from '../../src/ledger.ts'
import type { Identity } from '../../src/meeting.ts'
import type { Carrier } from '../../src/path.ts'
import type { ServerNote } from '../../src/roster.ts'
import { hash } from '../../src/seed.ts'
import { HeapClock } from '../../src/sim/clock.ts'
import { traceLine } from '../../src/trace.ts'

interface Socket {
  readonly request: DockRequest
  readonly local: Endpoint
  readonly tell: (event: DockEvent) => void
}

/** What becomes of a packet: its delays, ms; none: it is lost. */
export type Fate = (from: Endpoint, to: Endpoint, bytes: Uint8Array) => readonly number[]

export const at = (text: string): Endpoint => {
  const [, host = '', port] = /^\[?(.*?)\]?:(\d+)$/.exec(text) ?? []
  return { ...(parseAddress(host) ?? { family: 'ipv4', address: host }), port: Number(port) }
}

export class PeerNet {
  readonly clock = new HeapClock()
  readonly #sockets = new Set<Socket>()
  #fate: Fate = () => [1]
  #port = 50_000
  sent = 0

  set fate(fate: Fate) {
    this.#fate = fate
  }

  get open(): number {
    return this.#sockets.size
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
        const taken = [...this.#sockets].some((other) => formatEndpoint(other.local) === formatEndpoint(local))
        const missing = own === undefined || !addresses.includes(own)
        const code = missing ? 'EADDRNOTAVAIL' : taken ? 'EADDRINUSE' : undefined
        let isOpen = true
        if (code === undefined) this.#sockets.add(socket)
        this.clock.setTimeout(() => {
          if (isOpen)
            tell(code === undefined ? { type: 'bound', local } : { type: 'failed', failure: failure(code, 'bind') })
        }, 0)
        return {
          handle: socket,
          send: (bytes, to) => this.send(local, to, bytes),
          close: () => {
            isOpen = false
            this.#sockets.delete(socket)
          },
        }
      },
    }
  }

  send(from: Endpoint, to: Endpoint, bytes: Uint8Array): void {
    this.sent++
    for (const delay of this.#fate(from, to, bytes)) {
      this.clock.setTimeout(() => {
        for (const { local, tell } of this.#sockets)
          if (formatEndpoint(local) === formatEndpoint(to)) tell({ type: 'heard', from, bytes: bytes.slice() })
      }, delay)
    }
  }
}

export function peerOn(net: PeerNet, addresses: readonly string[], input: PeerConfigInput, seed: number) {
  const config = PeerSchema.parse(input)
  const names: Record<string, readonly string[]> = {}
  const dock = net.dock(addresses)
  const id = Uint8Array.from({ length: 8 }, (_, i) => hash(seed, 'id', i) & 255)
  const cookieFor = (path: string) => Uint8Array.from({ length: 8 }, (_, i) => hash(seed, path, i) & 255)
  const identity: Identity = { id, passive: config.waits, cookieFor }
  const inbox: string[] = []
  let carrier: Carrier | undefined
  const actors = {
    resolver: ioActor<ResolverInput, ResolverSays>(({ input: { query, host }, say, clock }) => {
      const timer = clock.setTimeout(() => say({ type: 'resolver.answered', query, addresses: names[host] ?? [] }), 1)
      return () => clock.clearTimeout(timer)
    }),
    dialer: dialerOver(junctionOf),
    binder: binderLogic(dock, ({ system }) => junctionOf(system)),
    greeter: greeterLogic(),
  }
  const actor = createActor(peerLogic(actors), { clock: net.clock, input: { config, seed } })
  const junction = new Junction({
    clock: net.clock,
    identity,
    keepalive: config.keepalive,
    float: config.float,
    trustsFirst: config.confirm === 'none',
    dock,
    wire: {
      open: () => {
        throw new Error('there is no TCP here')
      },
    },
    feedFor: (made) => {
      carrier = made
      return {
        handle: made,
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
  return {
    actor,
    names,
    inbox,
    junction,
    errors,
    start: () => actor.send({ type: 'start' }),
    stop: () => actor.send({ type: 'stop' }),
    say: (text: string) => carrier?.send(new TextEncoder().encode(text)),
    lines: () => notes.splice(0).map((note) => traceLine(note).trimStart()),
    notes: () => notes,
    state: () => JSON.stringify(actor.getSnapshot().value).replaceAll(/[{}"]/g, ''),
    output: () => actor.getSnapshot().output,
    ledger: () => {
      const { client } = actor.getSnapshot().children
      return client ? ledgerOf(client.getSnapshot()) : actor.getSnapshot().context.before.ledger
    },
  }
}
