/**
 * Where the endpoints of a scenario are on this machine. On the host each has a loopback endpoint of its own: an IPv4
 * address a 127.x.y.z, an IPv6 endpoint a port of `::1`. In a network namespace of our own they are themselves.
 */
import { execFileSync } from 'node:child_process'
import { type Endpoint, formatEndpoint } from '../../src/endpoint.ts'
import type { BlackHole } from './black-hole.ts'

/** Below it a port takes privileges. */
const UNPRIVILEGED = 1024
/** Two runs on one machine keep out of each other's way: each process has addresses and ports of its own. */
const SHARE = process.pid % 64
/** All of them below the kernel's own choice of ports (`ip_local_port_range`): no client ever gets one of these. */
const FIRST_IPV6_PORT = 12_000 + SHARE * 256
const LOCAL_PORTS = SHARE * 100

type Place = Pick<Endpoint, 'address' | 'port'>

export interface Places {
  /** A peer that is there: it listens, or refuses. */
  readonly peer: (scripted: Endpoint) => Place
  /** Nothing is ever heard from there. `undefined`: of UDP, a peer that is there and says nothing will do. */
  readonly blackHole: (scripted: Endpoint, transport: 'tcp' | 'udp') => Place | undefined
  /** Nobody can get there; `undefined`: that cannot be had here, and has to be scripted. */
  readonly nowhere: (scripted: Endpoint, code: string) => Place | undefined
  /** Where to bind. `own`: the address is ours; a wildcard and somebody else's stay what they are. Port 0 does, too. */
  readonly local: <Address extends string | undefined>(
    scripted: Local<Address>,
    own: boolean,
  ) => Local<Address | string>
}

export interface Local<Address extends string | undefined = string | undefined> {
  readonly address: Address
  readonly port: number
}

let ipv6Ports = FIRST_IPV6_PORT
let hosts = 0

/** On loopback; made afresh for each scenario, no two use the same endpoints. */
export function loopbackPlaces(hole: BlackHole): Places {
  const known = new Map<string, string>()
  const ports = new Map<string, number>()
  const addressOf = (address: string): string => {
    const found = known.get(address)
    if (found !== undefined) return found
    hosts++
    // 127.0.0.1 stays what it is for everybody else.
    const place = `127.${1 + SHARE}.${hosts >> 8}.${hosts & 255}`
    known.set(address, place)
    return place
  }
  const portOf = (endpoint: Endpoint): number => {
    const key = formatEndpoint(endpoint)
    const port = ports.get(key) ?? ipv6Ports++
    ports.set(key, port)
    return port
  }
  return {
    peer: (scripted) => {
      if (scripted.family === 'ipv6') return { address: '::1', port: portOf(scripted) }
      const port = scripted.port < UNPRIVILEGED ? scripted.port + 10_000 : scripted.port
      return { address: addressOf(scripted.address), port }
    },
    blackHole: ({ family }, transport) => (transport === 'tcp' ? hole.of(family) : undefined),
    nowhere: () => undefined,
    local: ({ address, port }, own) => ({
      address: own && address !== undefined ? (address.includes(':') ? '::1' : addressOf(address)) : address,
      port: port === 0 ? 0 : port + LOCAL_PORTS,
    }),
  }
}

/** What the kernel says of a route, in connect(2)'s words. */
const ROUTES: Readonly<Record<string, string>> = { EHOSTUNREACH: 'unreachable', ENETUNREACH: 'throw' }

/** In a namespace whose documentation prefixes lead into a tunnel that nobody reads (`namespace.test.ts`). */
export function namespacePlaces(): Places {
  const route = (...words: readonly string[]) => {
    execFileSync('ip', words, { stdio: ['ignore', 'ignore', 'ignore'] })
  }
  const routes = new Map<string, string>()
  const routeTo = ({ family, address }: Endpoint, kind: string) => {
    if ((routes.get(address) ?? 'tunnel') === kind) return
    const ip = family === 'ipv4' ? '-4' : '-6'
    const to = `${address}/${family === 'ipv4' ? 32 : 128}`
    const was = routes.get(address) ?? 'tunnel'
    if (was !== 'tunnel') route(ip, 'route', 'del', was, to)
    if (kind === 'local') route(ip, 'route', 'add', 'local', to, 'dev', 'lo')
    else if (kind !== 'tunnel') route(ip, 'route', 'add', kind, to)
    routes.set(address, kind)
  }
  return {
    peer: (scripted) => {
      routeTo(scripted, 'local')
      return scripted
    },
    blackHole: (scripted) => {
      routeTo(scripted, 'tunnel')
      return scripted
    },
    nowhere: (scripted, code) => {
      const kind = ROUTES[code]
      // A zone is an interface, and there is none of that name.
      if (kind === undefined || scripted.address.includes('%')) return undefined
      routeTo(scripted, kind)
      return scripted
    },
    local: (scripted) => scripted,
  }
}
