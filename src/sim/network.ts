/**
 * The virtual network as seen by those who dial: which peer behaves how, and which sockets are open to them. `wire.ts`
 * lives these sockets; this file keeps the books. It knows no machine and no time.
 *
 * Conservation: every socket is entered once and struck off once; anything else throws, since it is our own bug.
 */
import { type Endpoint, type Transport, formatEndpoint } from '../endpoint.ts'
import { Ports } from './ports.ts'
import { canonicalTarget } from './place.ts'
import type { Behaviour, Binds, Network } from './world-script.ts'

const BLACKHOLE: Behaviour = {}

export type KillHow = 'reset' | 'fin' | 'vanish'

/** A socket in the books. */
export interface OpenSocket {
  readonly attempt: number
  readonly transport: Transport
  readonly remote: Endpoint
  /** Taken, from `settle` to the end. */
  local?: Endpoint | undefined
  /** Handed over for good: open still, but no longer the engine's. */
  released: boolean
  readonly kill: (how: KillHow) => void
}

export class VirtualNetwork {
  /** What is this host's own. */
  readonly ports: Ports
  readonly #behaviours = new Map<string, Behaviour>()
  readonly #errorsGiven = new Map<Behaviour, number>()
  readonly #open = new Set<OpenSocket>()
  #opened = 0

  constructor(script: { readonly network: Network; readonly self: readonly string[]; readonly binds: Binds }) {
    this.ports = new Ports(script)
    this.change(script.network)
  }

  /** What is open and the engine's own, oldest first: nothing after the end, or somebody leaks. */
  get open(): readonly OpenSocket[] {
    return [...this.#open].filter((socket) => !socket.released)
  }

  /** Sockets that were ever opened. */
  get opened(): number {
    return this.#opened
  }

  /** From now on these peers behave so; attempts that are under way go on as they began. */
  change(network: Network): void {
    for (const [key, behaviours] of Object.entries(network)) {
      const target = canonicalTarget(key)
      for (const transport of ['tcp', 'udp'] as const) {
        const behaviour = behaviours[transport]
        if (behaviour) this.#behaviours.set(`${transport} ${target}`, behaviour)
      }
    }
  }

  behaviourOf(transport: Transport, remote: Endpoint): Behaviour {
    return (
      this.#behaviours.get(`${transport} ${formatEndpoint(remote)}`) ??
      this.#behaviours.get(`${transport} ${remote.address}`) ??
      BLACKHOLE
    )
  }

  /** The scripted error of one more attempt, if it has one still. */
  takeError(behaviour: Behaviour): string | undefined {
    const given = this.#errorsGiven.get(behaviour) ?? 0
    if (behaviour.error === undefined || given >= (behaviour.times ?? Infinity)) return undefined
    this.#errorsGiven.set(behaviour, given + 1)
    return behaviour.error
  }

  enter(socket: OpenSocket): void {
    if (this.#open.has(socket)) throw new Error(`the socket of attempt ${socket.attempt} was opened twice`)
    this.#open.add(socket)
    this.#opened++
  }

  strike(socket: OpenSocket): void {
    if (!this.#open.delete(socket)) throw new Error(`the socket of attempt ${socket.attempt} was closed twice`)
    if (socket.local) this.ports.letGo(socket, socket.transport, socket.local)
  }

  /** Gives a socket its local endpoint. */
  settle(socket: OpenSocket, local: Endpoint): void {
    this.ports.hold(socket, socket.transport, local)
    socket.local = local
  }

  /** Ends the connections with `ADDR` or `ADDR:PORT`, oldest first. */
  kill(target: string, how: KillHow): void {
    const isMeant = meaning(target)
    // What is opened meanwhile is visited too; it is not connected yet, so that nothing happens to it.
    for (const socket of this.#open) if (isMeant(socket.remote)) socket.kill(how)
  }
}

/** Which endpoints are meant by `ADDR` or `ADDR:PORT`. */
export function meaning(target: string): (remote: Endpoint) => boolean {
  const wanted = canonicalTarget(target)
  return (remote) => wanted === remote.address || wanted === formatEndpoint(remote)
}
