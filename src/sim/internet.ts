/**
 * What is between the hosts of two peers: links that take time and lose packets, and NATs. Packets of a host to its own
 * addresses stay there. It knows bytes and times, no machine and no protocol.
 *
 * A NAT is the simplest there is: whoever knows an outer endpoint gets in.
 */
import { type Endpoint, type Family, formatEndpoint } from '../endpoint.ts'
import type { HeapClock } from './clock.ts'
import type { Inbound } from './inbound.ts'
import type { Link, Links, Nat, PeerName } from './link-script.ts'
import type { VirtualNetwork } from './network.ts'
import { canonicalPlace, readPlace } from './place.ts'
import type { Ports } from './ports.ts'
import { LIMITS } from './world-script.ts'

/** Somebody who is connected to it. */
export interface Host {
  readonly name: PeerName
  readonly clock: HeapClock
  readonly ports: Ports
  /** Whom it dials, and who dials it. */
  readonly network: VirtualNetwork
  readonly inbound: Inbound
  readonly internet: Internet
  /** Its program reads, whatever comes over a connection. */
  readonly read: (bytes: Uint8Array) => void
}

/** Whom an endpoint belongs to, and which one that is there. */
interface Place {
  readonly host: Host
  readonly inner: Endpoint
}

interface Way extends Pick<Link, 'latencyMs' | 'dead' | 'lose'> {
  /** Datagrams that have gone this way. */
  count: number
}

const newWay = ({ latencyMs, dead, lose }: Omit<Way, 'count'>): Way => ({ latencyMs, dead, lose, count: 0 })
const wayKey = (from: PeerName, family: Family) => `${from} ${family}`

export class Internet {
  readonly #clock: HeapClock
  readonly #hosts: Host[] = []
  readonly #ways = new Map<string, Way>()
  /** By host: inner endpoints and their outer ones. */
  readonly #nat = new Map<PeerName, ReadonlyMap<string, string>>()
  readonly #onTheWay = new Set<unknown>()
  /** Segments before a dead link; TCP has them sent again when it lives. */
  #stuck: { readonly from: Host; readonly to: Endpoint; readonly arrive: (place: Place) => void }[] = []
  readonly #sent = new Map<PeerName, Uint8Array[]>()

  constructor(clock: HeapClock, links: Links, nat: Nat) {
    this.#clock = clock
    this.changeLinks(links)
    this.changeNat(nat)
  }

  join(host: Host): void {
    this.#hosts.push(host)
  }

  changeLinks(links: Links): void {
    for (const { from, family, ...link } of links)
      for (const one of family ? [family] : (['ipv4', 'ipv6'] as const)) this.#ways.set(wayKey(from, one), newWay(link))
    for (const { from, to, arrive } of this.#stuck.splice(0)) this.carry(from, to, arrive)
  }

  /** Of the peers that are named. Whatever is on its way to an old outer endpoint finds nobody there. */
  changeNat(nat: Nat): void {
    for (const [name, mappings] of Object.entries(nat)) {
      const outers = Object.entries(mappings).map(
        ([inner, outer]) => [canonicalPlace(inner), canonicalPlace(outer)] as const,
      )
      this.#nat.set(name as PeerName, new Map(outers))
    }
  }

  /** Which endpoint is seen by whoever is at `to`. */
  seenAs({ name, ports }: Host, inner: Endpoint, to: Endpoint): Endpoint {
    const outer = ports.isOwn(to) ? undefined : this.#nat.get(name)?.get(formatEndpoint(inner))
    return outer === undefined ? inner : (readPlace(outer) as Endpoint)
  }

  /** The n-th datagram that a host has sent; the first is 1. */
  sentBy(name: PeerName, n: number): Uint8Array | undefined {
    return this.#sent.get(name)?.[n - 1]
  }

  /** A datagram. */
  send(from: Host, inner: Endpoint, to: Endpoint, bytes: Uint8Array): void {
    this.#keep(from, bytes)
    const way = this.#wayTo(from, to)
    if (!way || way.dead || way.lose[way.count++ % way.lose.length] === 1) return
    const source = this.seenAs(from, inner, to)
    this.#later(way, () => {
      const place = this.#find(from, to)
      place?.host.inbound.visit('udp', { source, to: place.inner, bytes: bytes.slice() })
    })
  }

  /** A segment of TCP; where nobody is, it never arrives. */
  carry(from: Host, to: Endpoint, arrive: (place: Place) => void): void {
    const way = this.#wayTo(from, to)
    if (!way) return
    if (way.dead) return void this.#stuck.push({ from, to, arrive })
    this.#later(way, () => {
      const place = this.#find(from, to)
      if (place) arrive(place)
    })
  }

  /** Nothing arrives any more. */
  close(): void {
    for (const id of this.#onTheWay) this.#clock.clearTimeout(id)
    this.#onTheWay.clear()
  }

  #keep({ name }: Host, bytes: Uint8Array): void {
    const sent = this.#sent.get(name) ?? []
    if (sent.length < LIMITS.sent) this.#sent.set(name, [...sent, bytes.slice()])
  }

  #later({ latencyMs }: Way, arrive: () => void): void {
    const id = this.#clock.at(this.#clock.now() + latencyMs, 0, () => {
      this.#onTheWay.delete(id)
      arrive()
    })
    this.#onTheWay.add(id)
  }

  #wayTo(from: Host, to: Endpoint): Way | undefined {
    const place = this.#find(from, to)
    if (!place) return undefined
    return place.host === from ? AT_HOME : (this.#ways.get(wayKey(from.name, to.family)) ?? this.#newWay(from, to))
  }

  #newWay({ name }: Host, { family }: Endpoint): Way {
    const way = newWay({ latencyMs: 5, dead: false, lose: [] })
    this.#ways.set(wayKey(name, family), way)
    return way
  }

  #find(from: Host, to: Endpoint): Place | undefined {
    if (from.ports.isOwn(to)) return { host: from, inner: to }
    const wanted = formatEndpoint(to)
    for (const host of this.#hosts) {
      const nat = this.#nat.get(host.name) ?? NO_NAT
      for (const [inner, outer] of nat) if (outer === wanted) return { host, inner: readPlace(inner) as Endpoint }
      if (host.ports.isOwn(to)) return nat.has(wanted) ? undefined : { host, inner: to }
    }
    return undefined
  }
}

const AT_HOME: Way = newWay({ latencyMs: 0, dead: false, lose: [] })
const NO_NAT: ReadonlyMap<string, string> = new Map()
