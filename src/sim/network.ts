/**
 * The virtual network: who behaves how, which local addresses and ports there are, and what is open. `wire.ts` lives
 * its sockets; this file keeps the books. It knows no machine and no time.
 *
 * Conservation: every socket is entered once and struck off once; anything else throws, since it is our own bug.
 */
import { type Address, type Endpoint, type Family, type Transport, formatEndpoint, parseAddress } from '../endpoint.ts'
import { type Failure, failure } from '../failure.ts'
import { type Behaviour, type Binds, type Network, type Scenario, canonicalBind, canonicalTarget } from './scenario.ts'

/** The first of the ports that the system hands out (IANA's dynamic range); then one after the other. */
const FIRST_PORT = 49_152
const LAST_PORT = 65_535

const WILDCARD = { ipv4: '0.0.0.0', ipv6: '::' } as const
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
  readonly #behaviours = new Map<string, Behaviour>()
  readonly #binds = new Map<string, string>()
  readonly #self: readonly { readonly family: Family; readonly address: string }[]
  readonly #errorsGiven = new Map<Behaviour, number>()
  readonly #open = new Set<OpenSocket>()
  /** Who has a port, and at which address. */
  readonly #ports = new Map<string, Map<OpenSocket, string>>()
  #port = FIRST_PORT
  #opened = 0

  constructor({ network, self, binds }: Pick<Scenario, 'network' | 'self' | 'binds'>) {
    this.#self = self.map((text) => parseAddress(text) as Address)
    this.change(network)
    this.changeBinds(binds)
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

  /** From now on these binds fail, and those with `null` do not. */
  changeBinds(binds: Binds): void {
    for (const [key, code] of Object.entries(binds)) {
      const bind = `${canonicalBind(key)}`
      if (code === null) this.#binds.delete(bind)
      else this.#binds.set(bind, code)
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
    if (socket.local) this.#ports.get(portKey(socket.transport, socket.local))?.delete(socket)
  }

  /** Gives a socket its local endpoint. The port stays taken as it was bound, whatever the socket then sends from. */
  settle(socket: OpenSocket, local: Endpoint): void {
    const key = portKey(socket.transport, local)
    const holders = this.#ports.get(key) ?? new Map<OpenSocket, string>()
    if (!holders.has(socket)) this.#ports.set(key, holders.set(socket, local.address))
    socket.local = local
  }

  /** Where a socket is bound; as the kernel would, it refuses what is not ours, taken, or of the other family. */
  bind(
    transport: Transport,
    family: Family,
    local: { readonly address?: string | undefined; readonly port: number },
  ): Endpoint | Failure {
    const address = parseAddress(local.address ?? WILDCARD[family])
    if (!address || address.family !== family) return failure('EINVAL', 'open')
    const scripted = this.#binds.get(`${formatEndpoint({ ...address, port: local.port })}/${transport}`)
    if (scripted !== undefined) return failure(scripted, 'open')
    const own = this.#self.some((self) => self.address === address.address)
    if (!own && address.address !== WILDCARD[family]) return failure('EADDRNOTAVAIL', 'open')
    if (local.port === 0) return this.#freePort(transport, address) ?? failure('EADDRINUSE', 'open')
    const endpoint = { ...address, port: local.port }
    return this.#isTaken(transport, endpoint) ? failure('EADDRINUSE', 'open') : endpoint
  }

  /**
   * Where a socket sends from: what it is bound to, its wildcard filled in; any port if it is not bound. Towards an own
   * address that is this very address, as in Linux. A family of which we have no address has no route.
   */
  source(transport: Transport, remote: Endpoint, bound: Endpoint | undefined): Endpoint | Failure {
    if (bound && bound.address !== WILDCARD[bound.family]) return bound
    const own = this.#self.filter((self) => self.family === remote.family)
    const address = own.find((self) => self.address === remote.address) ?? own[0]
    if (!address) return failure('ENETUNREACH', 'connect')
    if (bound) return { ...address, port: bound.port }
    return this.#freePort(transport, address) ?? failure('EADDRNOTAVAIL', 'connect')
  }

  /** Ends the connections with `ADDR` or `ADDR:PORT`, oldest first. */
  kill(target: string, how: KillHow): void {
    const wanted = canonicalTarget(target)
    // What is opened meanwhile is visited too; it is not connected yet, so that nothing happens to it.
    for (const socket of this.#open)
      if (wanted === socket.remote.address || wanted === formatEndpoint(socket.remote)) socket.kill(how)
  }

  #freePort(transport: Transport, address: { family: Family; address: string }): Endpoint | undefined {
    for (let tries = FIRST_PORT; tries <= LAST_PORT; tries++) {
      const endpoint = { ...address, port: this.#port }
      this.#port = this.#port === LAST_PORT ? FIRST_PORT : this.#port + 1
      if (!this.#isTaken(transport, endpoint)) return endpoint
    }
    return undefined
  }

  #isTaken(transport: Transport, wanted: Endpoint): boolean {
    const wildcard = WILDCARD[wanted.family]
    for (const address of this.#ports.get(portKey(transport, wanted))?.values() ?? [])
      if (address === wanted.address || address === wildcard || wanted.address === wildcard) return true
    return false
  }
}

// Every v6 socket is v6-only, so the families never clash.
const portKey = (transport: Transport, { family, port }: Endpoint) => `${transport} ${family} ${port}`
