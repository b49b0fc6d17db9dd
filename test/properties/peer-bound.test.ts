/**
 * P3: two peers with policy `all` meet within the bound of `machines/peer.ts`, whatever the network does within its
 * limits, and stay where they met.
 */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { PeerConfigInput } from '../../src/config/peer-schema.ts'
import { type Endpoint, formatEndpoint } from '../../src/endpoint.ts'
import { readGreeting } from '../../src/meeting.ts'
import { fraction, hash, shuffle } from '../../src/seed.ts'
import { PeerNet, peerOn } from '../machines/peer-stage.ts'

const HOMES = [
  ['198.51.100.1', '2001:db8:a::1'],
  ['203.0.113.1', '2001:db8:b::1'],
] as const
/** Nobody is there. */
const DEAD = ['192.0.2.1', '2001:db8:dead::1', '192.0.2.2'] as const
const DEADLINE = 10_000
const RESOLVE = 5_000
const MAX_LOST = 5

/**
 * How a direction loses: `dead` all, `random` up to 30 %, `worst` five of six, `picky` whatever has one of these flags
 * and nothing else, as long as it may.
 */
interface Loss {
  readonly kind: 'dead' | 'clean' | 'random' | 'worst' | 'picky'
  readonly flags: number
}

interface Schedule {
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

const loss = (kinds: readonly Loss['kind'][]) =>
  fc.record({ kind: fc.constantFrom(...kinds), flags: fc.integer({ min: 0, max: 7 }) })
const ALIVE = ['clean', 'random', 'worst', 'picky'] as const
const pair = <T>(one: fc.Arbitrary<T>) => fc.tuple(one, one)

const schedules: fc.Arbitrary<Schedule> = fc.constantFrom(0 as const, 1 as const).chain((works) =>
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

function play(schedule: Schedule) {
  const { seed, offset, first, latency, losses, dead, named, lookup, racing } = schedule
  const net = new PeerNet()
  const lost = new Map<string, number>()
  let n = 0
  net.fate = (from: Endpoint, to: Endpoint, bytes: Uint8Array) => {
    n++
    const side = (HOMES[0] as readonly string[]).includes(from.address) ? 0 : 1
    const { kind, flags } = losses[(from.family === 'ipv4' ? 0 : 2) + side] as Loss
    const name = `${formatEndpoint(from)} ${formatEndpoint(to)}`
    const row = lost.get(name) ?? 0
    const isPicked = ((bytes[4] ?? 0) & flags) > 0 === (flags & 1) > 0 && readGreeting(bytes) !== undefined
    const drops = {
      dead: true,
      clean: false,
      random: fraction(seed, 'loss', n) < 0.3 && row < MAX_LOST,
      worst: row < MAX_LOST,
      picky: isPicked && row < MAX_LOST,
    }[kind]
    lost.set(name, drops ? row + 1 : 0)
    return drops ? [] : [1 + (hash(seed, 'latency', n) % latency)]
  }
  const remotesOf = (side: 0 | 1) => {
    const other = HOMES[side === 0 ? 1 : 0]
    return shuffle([...other, ...DEAD.slice(0, dead[side])], seed, `order ${side}`)
  }
  const peers = ([0, 1] as const).map((side) => {
    const names = Object.fromEntries(remotesOf(side).map((address, i) => [`r${i}.test`, [address]]))
    const hosts = named[side] ? Object.keys(names) : remotesOf(side)
    const config: PeerConfigInput = {
      mode: 'p2p',
      sockets: 'all',
      listen: {},
      remotes: hosts.map((host) => ({ host, confirm: { kind: 'peer' } })),
      pacing: { policy: racing[side] ? 'newest' : 'sequential' },
    }
    return peerOn(net, HOMES[side], config, (seed + side * 7919) >>> 0, { names, lookup: lookup[side] })
  })
  const [early, late] = first === 0 ? peers : peers.toReversed()
  early!.start()
  net.clock.runUntil(offset)
  late!.start()
  const remotes = Math.max(...([0, 1] as const).map((side) => remotesOf(side).length))
  const bound = offset + (named[0] || named[1] ? remotes * RESOLVE : 0) + remotes * DEADLINE
  return { net, peers, bound }
}

const RUNS = Number(process.env.RUNS ?? 3_000)

test(
  'R5 P3 peers that bind everything meet within the bound, on one path, and stay there',
  { timeout: 110_000 },
  () => {
    fc.assert(
      fc.property(schedules, (schedule) => {
        const { net, peers, bound } = play(schedule)
        net.clock.runUntil(bound)
        const [a, b] = peers.map((peer) => peer.held())
        if (!a || !b) console.log(peers.map((p) => p.lines().slice(-40)))
        expect(a, `a within ${bound}`).toBeDefined()
        expect([b?.from, b?.to]).toEqual([a?.to, a?.from])
        net.clock.runUntil(bound + 30_000)
        for (const peer of peers) {
          expect(peer.ledger().counters.lost).toBe(0)
          peer.actor.stop()
          expect(peer.left()).toEqual([0, 0, 0])
        }
        expect([net.open, net.clock.timers]).toEqual([0, 0])
      }),
      { numRuns: RUNS },
    )
  },
)
