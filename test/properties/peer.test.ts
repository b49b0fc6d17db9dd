/** What holds for two peers on whatever network: P1 to P4, C1, C2 and D1 of the fault list. */
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import type { PeerConfigInput } from '../../src/config/peer-schema.ts'
import type { Endpoint } from '../../src/endpoint.ts'
import { type Peer, PeerNet, at, peerOn } from '../machines/peer-stage.ts'
import { HOMES, type Schedule, boundOf, fateOf, peersOf, remotesOf, schedules, startBoth } from './peer-schedule.ts'

const SECONDS = { timeout: 120_000 }

function onStage(schedule: Schedule) {
  const net = new PeerNet()
  net.fate = fateOf(schedule)
  return { net, peers: peersOf(schedule, net) }
}

/** Nothing is left of it, once what is under way has arrived. */
function expectNothing(net: PeerNet, ...peers: readonly Peer[]): void {
  for (const peer of peers) expect(peer.left()).toEqual([0, 0, 0])
  net.clock.runUntil(net.clock.now() + 200)
  expect([net.open, net.clock.timers, net.clock.results]).toEqual([0, 0, 0])
}

test('R5 P3 peers that bind everything meet within the bound, on one path, and stay there', SECONDS, () => {
  fc.assert(
    fc.property(schedules, (schedule) => {
      const { net, peers } = onStage(schedule)
      startBoth(schedule, net, peers)
      net.clock.runUntil(net.clock.now() + boundOf(schedule))
      const [a, b] = peers.map((peer) => peer.held())
      expect(a).toBeDefined()
      expect([b?.from, b?.to]).toEqual([a?.to, a?.from])
      net.clock.runUntil(net.clock.now() + 30_000)
      for (const peer of peers) {
        const { won, lost } = peer.ledger().counters
        expect([won, lost]).toEqual([1, 0])
        peer.stop()
      }
      expectNothing(net, ...peers)
    }),
    { numRuns: 3_000 },
  )
})

/** Sends whatever it sees on, from elsewhere, and a little of its own. */
function tap(net: PeerNet, schedule: Schedule, from: Endpoint): void {
  const fate = fateOf(schedule)
  const homes = HOMES.map(([address]) => at(`${address}:1194`))
  net.fate = (source, to, bytes) => {
    if (source.address !== from.address && to.address !== from.address)
      for (const home of homes)
        for (const copy of [bytes, bytes.with(4, 2), Uint8Array.of(1, 2, 3)]) net.send(from, home, copy)
    return fate(source, to, bytes)
  }
}

test('R5 P1 who is no candidate changes nothing, whatever it sends', SECONDS, () => {
  fc.assert(
    fc.property(schedules, fc.boolean(), (schedule, isPeer) => {
      const STRANGER = '198.51.100.66'
      const run = (withStranger: boolean) => {
        const { net, peers } = onStage(schedule)
        const remotes = [HOMES[0][0], HOMES[1][0]].map((host) => ({ host, confirm: { kind: 'peer' } as const }))
        const stranger = peerOn(net, [STRANGER], { mode: 'p2p', sockets: 'all', listen: {}, remotes }, 99)
        if (withStranger && isPeer) stranger.start()
        else if (withStranger) tap(net, schedule, at(`${STRANGER}:1194`))
        startBoth(schedule, net, peers)
        net.clock.runUntil(net.clock.now() + 15_000)
        const told = peers.map((peer) => peer.lines())
        return { told, strangers: peers.reduce((sum, { junction }) => sum + junction.strangers, 0) }
      }
      const alone = run(false)
      const beset = run(true)
      expect(beset.told).toEqual(alone.told)
      expect(beset.strangers).toBeGreaterThan(alone.strangers)
    }),
    { numRuns: 500 },
  )
})

test('P2 a TCP peer has one session at a time: the surplus is refused, and that is noted', SECONDS, () => {
  const server: PeerConfigInput = { mode: 'p2p', sockets: 'roles', waits: true, listen: { proto: 'tcp' } }
  const move = fc.record({
    after: fc.nat(3_000),
    who: fc.nat(3),
    what: fc.constantFrom('start' as const, 'reject' as const, 'stop' as const),
  })
  fc.assert(
    fc.property(fc.array(move, { minLength: 1, maxLength: 12 }), (moves) => {
      const net = new PeerNet()
      const waiting = peerOn(net, ['198.51.100.1'], server, 1)
      const callers = [2, 3, 4, 5].map((seed) => {
        const remotes = [{ host: '198.51.100.1', proto: 'tcp', confirm: { kind: 'peer' } } as const]
        return peerOn(net, [`203.0.113.${seed}`], { mode: 'p2p', sockets: 'roles', remotes }, seed)
      })
      let sessions = 0
      let arrived = 0
      let refused = 0
      waiting.actor.on('*', ({ type }) => {
        if (type === 'attempt.won') sessions++
        if (type === 'attempt.lost') sessions--
        if (type === 'attempt.started') arrived++
        if (type === 'peer.refused') refused++
        expect(sessions).toBeLessThanOrEqual(1)
      })
      let connected = 0
      for (const caller of callers) caller.actor.on('attempt.connected', () => connected++)
      waiting.start()
      for (const { after, who, what } of moves) {
        net.clock.runUntil(net.clock.now() + after)
        const caller = callers[who] as Peer
        if (what === 'reject') caller.reject(caller.ledger().counters.attempts)
        else caller[what]()
      }
      net.clock.runUntil(net.clock.now() + 30_000)
      expect(callers.filter((caller) => caller.held()).length).toBe(sessions)
      // Of all who came each was either let in or refused.
      expect(refused).toBeGreaterThanOrEqual(connected - arrived)
      for (const peer of [waiting, ...callers]) peer.stop()
      expectNothing(net, waiting)
    }),
    { numRuns: 500 },
  )
})

test('P4 two peers that change places change their traces, and nothing else', SECONDS, () => {
  const rename = (line: string) =>
    line.replaceAll(/198\.51\.100\.1\b|203\.0\.113\.1\b|db8:[ab]/g, (name) => {
      return { '198.51.100.1': '203.0.113.1', '203.0.113.1': '198.51.100.1', 'db8:a': 'db8:b', 'db8:b': 'db8:a' }[name]!
    })
  fc.assert(
    fc.property(schedules, fc.boolean(), ({ seed, offset, latency }, racing) => {
      const run = (swapped: boolean) => {
        const net = new PeerNet()
        net.fate = () => [latency]
        const make = (n: 0 | 1) => {
          const [home, away] = (n === 0) === swapped ? ([1, 0] as const) : ([0, 1] as const)
          const remotes = HOMES[away].map((host) => ({ host, confirm: { kind: 'peer' } as const }))
          const pacing = { policy: racing ? 'newest' : 'sequential' } as const
          const config: PeerConfigInput = { mode: 'p2p', sockets: 'all', listen: {}, remotes, pacing }
          return peerOn(net, HOMES[home], config, (seed + n) >>> 0)
        }
        const peers = [make(0), make(1)] as const
        peers[0].start()
        net.clock.runUntil(offset)
        peers[1].start()
        net.clock.runUntil(offset + 30_000)
        expect(peers[0].held()).toBeDefined()
        return peers.map((peer) => peer.lines())
      }
      expect(run(true).map((lines) => lines.map(rename))).toEqual(run(false))
    }),
    { numRuns: 500 },
  )
})

test('C1 C2 D1 stopped at any moment, by word or by force, nothing is left; and twice is the same', SECONDS, () => {
  fc.assert(
    fc.property(schedules, fc.nat(30_000), fc.boolean(), fc.boolean(), (schedule, when, byForce, again) => {
      const run = () => {
        const { net, peers } = onStage(schedule)
        startBoth(schedule, net, peers)
        net.clock.runUntil(net.clock.now() + when)
        const [a, b] = peers
        if (byForce) a.actor.stop()
        else a.stop()
        const before = a.lines()
        net.clock.runUntil(net.clock.now() + (again ? 5_000 : 0))
        expect(a.lines()).toEqual([])
        b.stop()
        expectNothing(net, a, b)
        return [before, b.lines(), remotesOf(schedule, 0)]
      }
      expect(run()).toEqual(run())
    }),
    { numRuns: 500 },
  )
})
