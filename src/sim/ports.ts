/**
 * What is this host's own on the virtual network: its addresses and its ports, and which binds are scripted to fail.
 * Loopback is always there. It knows no socket, no machine and no time: whoever holds a port is just somebody.
 */
import { type Address, type Endpoint, type Family, type Transport, formatEndpoint, parseAddress } from '../endpoint.ts'
import { type Failure, failure } from '../failure.ts'
import { canonicalBind } from './place.ts'
import type { Binds } from './world-script.ts'

/** The first of the ports that the system hands out (IANA's dynamic range); then one after the other. */
const FIRST_PORT = 49_152
const LAST_PORT = 65_535

const WILDCARD = { ipv4: '0.0.0.0', ipv6: '::' } as const
export const isWildcard = ({ family, address }: Address): boolean => address === WILDCARD[family]
const isLoopback = ({ address }: Address) => address.startsWith('127.') || address === '::1'

export class Ports {
  #own: readonly Address[] = []
  readonly #binds = new Map<string, string>()
  /** Who has a port, and at which address. */
  readonly #holders = new Map<string, Map<object, string>>()
  #port = FIRST_PORT

  constructor({ self, binds }: { readonly self: readonly string[]; readonly binds: Binds }) {
    this.changeOwn(self)
    this.changeBinds(binds)
  }

  /** The own addresses as text; the first of a family is where sockets send from. */
  get own(): readonly string[] {
    return this.#own.map(({ address }) => address)
  }

  /** From now on these are the own addresses. Whatever is bound to one that is gone stays, as in the kernel. */
  changeOwn(self: readonly string[]): void {
    this.#own = self.map((text) => parseAddress(text) as Address)
  }

  /** From now on these binds fail, and those with `null` do not. */
  changeBinds(binds: Binds): void {
    for (const [key, code] of Object.entries(binds)) {
      const bind = `${canonicalBind(key)}`
      if (code === null) this.#binds.delete(bind)
      else this.#binds.set(bind, code)
    }
  }

  isOwn(wanted: Address): boolean {
    return isLoopback(wanted) || this.#own.some(({ address }) => address === wanted.address)
  }

  /** A family of which this host has no address: its kernel was built without it. */
  lacks(family: Family): boolean {
    return !this.#own.some((own) => own.family === family)
  }

  /** Where a socket is bound; as the kernel would, it refuses what is not ours, taken, or of the other family. */
  bind(
    transport: Transport,
    family: Family,
    local: { readonly address?: string | undefined; readonly port: number },
  ): Endpoint | Failure {
    const address = parseAddress(local.address ?? WILDCARD[family])
    if (!address || address.family !== family) return failure('EINVAL', 'open')
    const endpoint = endpointOf(address, local.port)
    const scripted = this.#binds.get(`${formatEndpoint(endpoint)}/${transport}`)
    if (scripted !== undefined) return failure(scripted, 'open')
    if (!isWildcard(address) && !this.isOwn(address)) return failure('EADDRNOTAVAIL', 'open')
    if (local.port === 0) return this.#freePort(transport, address) ?? failure('EADDRINUSE', 'open')
    return this.#isTaken(transport, endpoint) ? failure('EADDRINUSE', 'open') : endpoint
  }

  /**
   * Where a socket sends from: what it is bound to, its wildcard filled in; any port if it is not bound. Towards an own
   * address that is this very address, as in Linux. A family of which we have no address has no route.
   */
  source(transport: Transport, remote: Endpoint, bound: Endpoint | undefined): Endpoint | Failure {
    if (bound && !isWildcard(bound)) return bound
    const own = this.#own.filter((self) => self.family === remote.family)
    const address = own.find((self) => self.address === remote.address) ?? own[0]
    if (!address) return failure('ENETUNREACH', 'connect')
    if (bound) return endpointOf(address, bound.port)
    return this.#freePort(transport, address) ?? failure('EADDRNOTAVAIL', 'connect')
  }

  /** The port is the holder's until it lets go; it stays taken as it was bound, whatever the holder then sends from. */
  hold(holder: object, transport: Transport, local: Endpoint): void {
    const key = portKey(transport, local)
    const holders = this.#holders.get(key) ?? new Map<object, string>()
    if (!holders.has(holder)) this.#holders.set(key, holders.set(holder, local.address))
  }

  letGo(holder: object, transport: Transport, local: Endpoint): void {
    this.#holders.get(portKey(transport, local))?.delete(holder)
  }

  #freePort(transport: Transport, address: Address): Endpoint | undefined {
    for (let tries = FIRST_PORT; tries <= LAST_PORT; tries++) {
      const endpoint = endpointOf(address, this.#port)
      this.#port = this.#port === LAST_PORT ? FIRST_PORT : this.#port + 1
      if (!this.#isTaken(transport, endpoint)) return endpoint
    }
    return undefined
  }

  #isTaken(transport: Transport, wanted: Endpoint): boolean {
    for (const address of this.#holders.get(portKey(transport, wanted))?.values() ?? [])
      if (address === wanted.address || address === WILDCARD[wanted.family] || isWildcard(wanted)) return true
    return false
  }
}

const endpointOf = ({ family, address }: Address, port: number): Endpoint => ({ family, address, port })

// Every v6 socket is v6-only, so the families never clash.
const portKey = (transport: Transport, { family, port }: Endpoint) => `${transport} ${family} ${port}`
