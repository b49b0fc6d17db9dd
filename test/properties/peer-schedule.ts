/** Two peers with policy `all`, and what a network within its limits may do to them. */
import * as fc from 'fast-check'
import type { PeerConfigInput } from '../../src/config/peer-schema.ts'
import { formatEndpoint } from '../../src/endpoint.ts'
import { fraction, hash, shuffle } from '../../src/seed.ts'
import { type Fate, type Peer, type PeerNet, peerOn } from '../machines/peer-stage.ts'

export const HOMES = [
  ['198.51.100.1', '2001:db8:a::1'],
  ['203.0.113.1', '2001:db8:b::1'],
] as const
/** Nobody is there. */
const DEAD = ['192.0.2.1', '2001:db8:dead::1', '192.0.2.2'] as const
const DEADLINE = 10_000
const RESOLVE = 5_000
const MAX_LOST = 5

/**
 * How a direction loses: `dead` all, `random` up to 30 %, `worst` five of six; `picky` as well, but for what says as
 * little as `passes`, of which it lets everything through.
 */
interface Loss {
  readonly kind: 'dead' | 'clean' | 'random' | 'worst' | 'picky'
  readonly passes: number
}

export interface Schedule {
  readonly seed: number
  readonly offset: number
  /** Which one starts first. */
  readonly first: 0 | 1
  readonly latency: number
  /** Of the four directions, by family and sender. */
  readonly losses: readonly Loss[]
  /** The family that works both ways. */
  readonly works: 0 | 1
  readonly dead: readonly [number, number]
  readonly named: readonly [boolean, boolean]
  readonly lookup: readonly [number, number]
  readonly racing: readonly [boolean, boolean]
}

const loss = (kinds: readonly Loss['kind'][]) => fc.record({ kind: fc.constantFrom(...kinds), passes: fc.nat(15) })
const ALIVE = ['clean', 'random', 'worst', 'picky'] as const
const pair = <T>(one: fc.Arbitrary<T>) => fc.tuple(one, one)

export const schedules: fc.Arbitrary<Schedule> = fc.constantFrom(0 as const, 1 as const).chain((works) =>
  fc.record({
    seed: fc.nat(0xffffffff),
    offset: fc.oneof(fc.constant(0), fc.nat(200), fc.nat(60_000)),
    first: fc.constantFrom(0 as const, 1 as const),
    latency: fc.integer({ min: 1, max: 100 }),
    losses: fc.tuple(
      ...([0, 0, 1, 1] as const).map((family) => loss(family === works ? ALIVE : [...ALIVE, 'dead', 'dead'])),
    ),
    works: fc.constant(works),
    dead: pair(fc.nat(3)),
    named: pair(fc.boolean()),
    lookup: pair(fc.constantFrom(0, 1, 4_900)),
    racing: pair(fc.boolean()),
  }),
)

/** The three bits that an exchange goes by, and whether it has heard anything. */
const kindOf = (bytes: Uint8Array) => ((bytes[4] ?? 0) & 7) | (bytes.subarray(24).some((byte) => byte > 0) ? 8 : 0)

/** What the network does: to each direction of each path by itself, so that what strangers send changes nothing for it. */
export function fateOf({ seed, latency, losses }: Schedule): Fate {
  const paths = new Map<string, { n: number; row: number }>()
  return (from, to, bytes) => {
    const name = `${formatEndpoint(from)} ${formatEndpoint(to)}`
    const path = paths.get(name) ?? { n: 0, row: 0 }
    paths.set(name, path)
    path.n++
    const side = HOMES.findIndex((home) => (home as readonly string[]).includes(from.address))
    const { kind, passes } = losses[(from.family === 'ipv4' ? 0 : 2) + side] ?? { kind: 'clean', passes: 0 }
    const may = path.row < MAX_LOST
    const drops = {
      dead: true,
      clean: false,
      random: may && fraction(seed, `loss ${name}`, path.n) < 0.3,
      worst: may,
      picky: may && kindOf(bytes) !== passes,
    }[kind]
    path.row = drops ? path.row + 1 : 0
    return drops ? [] : [1 + (hash(seed, `latency ${name}`, path.n) % latency)]
  }
}

export const remotesOf = ({ seed, dead }: Schedule, side: 0 | 1): readonly string[] =>
  shuffle([...HOMES[side === 0 ? 1 : 0], ...DEAD.slice(0, dead[side])], seed, `order ${side}`)

/** Made, and not yet started. */
export function peersOf(schedule: Schedule, net: PeerNet): readonly [Peer, Peer] {
  const { seed, named, lookup, racing } = schedule
  const make = (side: 0 | 1) => {
    const addresses = remotesOf(schedule, side)
    const names = Object.fromEntries(addresses.map((address, i) => [`r${i}.test`, [address]]))
    const config: PeerConfigInput = {
      mode: 'p2p',
      sockets: 'all',
      listen: {},
      remotes: (named[side] ? Object.keys(names) : addresses).map((host) => ({ host, confirm: { kind: 'peer' } })),
      pacing: { policy: racing[side] ? 'newest' : 'sequential' },
    }
    return peerOn(net, HOMES[side], config, (seed + side * 7919) >>> 0, { names, lookup: lookup[side] })
  }
  return [make(0), make(1)]
}

/** From the later start, ms. */
export function boundOf(schedule: Schedule): number {
  const remotes = Math.max(remotesOf(schedule, 0).length, remotesOf(schedule, 1).length)
  return (schedule.named.includes(true) ? remotes * RESOLVE : 0) + remotes * DEADLINE
}

/** Starts both, as the schedule says; it is now the later start. */
export function startBoth({ first, offset }: Schedule, net: PeerNet, peers: readonly [Peer, Peer]): void {
  peers[first].start()
  net.clock.runUntil(net.clock.now() + offset)
  peers[first === 0 ? 1 : 0].start()
}
