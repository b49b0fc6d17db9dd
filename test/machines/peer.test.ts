import { createActor } from 'xstate'
import { describe, expect, test } from 'vitest'
import { peerMachine } from '../../machines/peer.ts'
import { type PeerConfigInput, PeerSchema } from '../../src/config/peer-schema.ts'
import { contain } from '../../src/contain.ts'
import { readGreeting } from '../../src/meeting.ts'
import { type Peer, PeerNet, at, idOf, peerOn } from './peer-stage.ts'

const A4 = '198.51.100.1'
const A6 = '2001:db8::1'
const B4 = '203.0.113.1'
const B6 = '2001:db8:b::1'
const C4 = '192.0.2.77'
const DEAD = '192.0.2.1'

const remotes = (...hosts: string[]) => hosts.map((host) => ({ host, confirm: { kind: 'peer' } as const }))
const all = (...hosts: string[]): PeerConfigInput => {
  return { mode: 'p2p', sockets: 'all', listen: {}, remotes: remotes(...hosts) }
}
const waits = (...hosts: string[]): PeerConfigInput => ({ ...all(...hosts), sockets: 'roles', waits: true })
const calls = (...hosts: string[]): PeerConfigInput => ({ mode: 'p2p', sockets: 'roles', remotes: remotes(...hosts) })

/** The larger instance id leads. */
const leads = (a: number, b: number) => Buffer.compare(idOf(a), idOf(b)) > 0
const LEADER = leads(1, 2) ? 1 : 2
const FOLLOWER = 3 - LEADER

const wins = (peer: Peer) => peer.lines().filter((line) => /attempt \d+ (won|lost|moved|failed)|\bmet\b/.test(line))

function expectNothing(net: PeerNet, ...peers: Peer[]): void {
  for (const peer of peers) peer.stop()
  for (const peer of peers) expect([peer.output(), peer.left()]).toEqual([expect.anything(), [0, 0, 0]])
  net.clock.runUntil(net.clock.now() + 200)
  expect([net.open, net.clock.timers]).toEqual([0, 0])
}

describe('R5 all', () => {
  test('two peers meet on the first path that works', () => {
    const net = new PeerNet()
    const a = peerOn(net, [A4, A6], all(B6, B4), 1)
    const b = peerOn(net, [B4, B6], all(A6, A4), 2)
    a.start()
    b.start()
    net.clock.runUntil(1_000)
    expect([a.held(), b.held()]).toMatchObject([
      { from: `[${A6}]:1194`, to: `[${B6}]:1194` },
      { from: `[${B6}]:1194`, to: `[${A6}]:1194` },
    ])
    a.say('hello')
    b.say('hi')
    net.clock.runUntil(1_001)
    expect([a.inbox, b.inbox]).toEqual([['hi'], ['hello']])
    a.lines()
    a.stop()
    expect(a.lines()).toEqual(['1001 client stopped', '1001 peer stopped'])
    expectNothing(net, a, b)
  })

  test('two that come to each other’s path in the same instant do not swap paths for ever', () => {
    const net = new PeerNet()
    net.fate = () => [50]
    const a = peerOn(net, [A4, A6], all(B4, B6), 1)
    const b = peerOn(net, [B4, B6], all(A6, A4), 2)
    a.start()
    b.start()
    net.clock.runUntil(500)
    expect(a.held()).toBeDefined()
    expect(b.held()).toMatchObject({ from: a.held()?.to, to: a.held()?.from })
    // What the one that leads tried first is what they agreed on.
    expect(a.held()?.to).toBe(LEADER === 1 ? `${B4}:1194` : `[${B6}]:1194`)
  })

  test('a leader whose attempt ends while the other has agreed is called back', () => {
    const net = new PeerNet()
    const leader = peerOn(net, [A4], all(B4, DEAD), LEADER)
    const follower = peerOn(net, [B4], all(DEAD, A4), FOLLOWER)
    // Nothing that says so arrives before the leader has gone on to the next.
    net.fate = (from, _, bytes) =>
      from.address === B4 && readGreeting(bytes)?.isConnected && net.clock.now() < 10_050 ? [] : [1]
    leader.start()
    net.clock.runUntil(9_000)
    follower.start()
    net.clock.runUntil(10_200)
    expect(wins(leader)).toEqual([
      '10000 attempt 1 failed TIMEOUT at confirm',
      `10106 met udp ${B4}:1194`,
      '10108 attempt 3 won',
    ])
    expect(follower.held()).toBeDefined()
    net.clock.runUntil(60_000)
    expect([follower.ledger().counters.lost, leader.ledger().counters.lost]).toEqual([0, 0])
  })

  test('a follower whose leader never comes has not connected, and goes on', () => {
    const net = new PeerNet()
    const leader = peerOn(net, [A4], all(B4), LEADER)
    const follower = peerOn(net, [B4], all(A4), FOLLOWER)
    leader.start()
    follower.start()
    follower.actor.on('attempt.won', () => leader.actor.stop())
    net.clock.runUntil(8_500)
    expect(wins(follower).at(-1)).toMatch(/^80\d\d attempt 1 lost TIMEOUT at connected$/)
    expect(follower.ledger().counters.lost).toBe(1)
    expectNothing(net, follower)
  })

  test('met while it backs off, the pause ends', () => {
    const net = new PeerNet()
    const a = peerOn(net, [A4], { ...all(B4), connectRetry: { min: 300_000, max: 300_000 } }, 1)
    const b = peerOn(net, [B4], all(A4), 2)
    a.start()
    net.clock.runUntil(15_000)
    expect(a.state()).toBe('open:active')
    expect(a.lines().at(-1)).toMatch(/^10000 backoff/)
    b.start()
    net.clock.runUntil(16_500)
    expect([a.held(), b.held()]).toEqual([expect.anything(), expect.anything()])
    expect(wins(a)[0]).toMatch(/^15[01]\d\d met udp 203/)
  })

  test('met while its name is being resolved anew, it remembers the address', () => {
    const net = new PeerNet()
    const a = peerOn(net, [A4], all('b.test'), 1, { names: { 'b.test': [B4] }, lookup: 4_000 })
    const b = peerOn(net, [B4], all(A4), 2)
    a.start()
    // A round of 4 and 10 s, a pause of 1, and the name is asked for again.
    net.clock.runUntil(16_000)
    b.start()
    net.clock.runUntil(17_500)
    expect(a.held()).toBeDefined()
    expect(a.lines()).toContainEqual(expect.stringMatching(/^16\d\d\d attempt 2 udp 203.0.113.1:1194 started/))
  })

  test('P1 somebody else who proves itself is not met', () => {
    const net = new PeerNet()
    const a = peerOn(net, [A4], all(DEAD), 1)
    const c = peerOn(net, [C4], all(A4), 2)
    a.start()
    c.start()
    net.clock.runUntil(9_000)
    expect(wins(a)).toEqual([])
    expect(a.junction.strangers).toBeGreaterThan(10)
  })

  test('a peer that restarts is met again, and the old path is lost, not answered for ever', () => {
    const net = new PeerNet()
    const a = peerOn(net, [A4], all(B4), 1)
    const b = peerOn(net, [B4], all(A4), 2)
    a.start()
    b.start()
    net.clock.runUntil(20_000)
    b.stop()
    net.clock.runUntil(21_000)
    const anew = peerOn(net, [B4], all(A4), 4)
    anew.start()
    net.clock.runUntil(23_000)
    const told = wins(a)
    expect(told).toContainEqual(expect.stringMatching(/^21\d\d\d attempt 1 lost PEER_RESTARTED at connected/))
    expect(told.at(-1)).toMatch(/^2[12]\d\d\d attempt \d+ won/)
    expect(anew.held()).toBeDefined()
    expect(a.inbox).toEqual(['end PEER_RESTARTED'])
  })

  test('a path that is lost is tried first again', () => {
    const net = new PeerNet()
    const keepalive = { ping: 1_000, restart: 5_000 }
    const a = peerOn(net, [A4, A6], { ...all(DEAD, B6, B4), keepalive }, 1)
    const b = peerOn(net, [B4, B6], { ...all(A6, A4), keepalive }, 2)
    a.start()
    b.start()
    net.clock.runUntil(30_000)
    expect(a.held()?.to).toBe(`[${B6}]:1194`)
    net.fate = () => []
    a.lines()
    net.clock.runUntil(36_000)
    const told = a.lines()
    expect(told.find((line) => line.includes('lost'))).toMatch(/lost PING_RESTART at connected$/)
    expect(told.find((line) => line.includes('started') && line.includes('attempt'))).toContain(`[${B6}]:1194`)
    net.fate = () => [1]
    net.clock.runUntil(40_000)
    expect([a.held()?.to, b.held()?.to]).toEqual([`[${B6}]:1194`, `[${A6}]:1194`])
  })

  test('its socket dies and is bound again: the path goes on', () => {
    const net = new PeerNet()
    const a = peerOn(net, [A4], all(B4), 1)
    const b = peerOn(net, [B4], all(A4), 2)
    a.start()
    b.start()
    net.clock.runUntil(20_000)
    net.kill(`${A4}:1194`)
    b.say('lost')
    expect(a.carrier().send(Uint8Array.of(1))).toBe(false)
    net.clock.runUntil(25_000)
    b.say('back')
    a.say('here')
    net.clock.runUntil(25_010)
    expect([a.inbox, b.inbox]).toEqual([['back'], ['here']])
    expect(a.ledger().counters.lost).toBe(0)
    expectNothing(net, a, b)
  })

  test('what the operator and the host say goes to where the remotes are walked', () => {
    const net = new PeerNet()
    const a = peerOn(net, [A4], all(DEAD, DEAD), 1)
    a.start()
    net.clock.runUntil(10)
    a.lines()
    a.next()
    a.actor.send({ type: 'network.changed' })
    a.reject(2)
    expect(a.lines().map((line) => line.split(' ').slice(1, 4).join(' '))).toEqual([
      'attempt 1 failed',
      'attempt 2 udp',
      'network changed',
    ])
  })

  test('with connect-retry-max it gives up', () => {
    const net = new PeerNet()
    const a = peerOn(net, [A4], { ...all(DEAD), connectRetryMax: 1 }, 1)
    a.start()
    net.clock.runUntil(10_000)
    expect(a.output()).toMatchObject({ outcome: 'failed', failure: { code: 'EXHAUSTED' } })
    expectNothing(net, a)
  })
})

describe('R5 float and NAT', () => {
  const MAPPED = at(`${C4}:61000`)

  /** `b` is behind a NAT that, from `rebound` on, maps it to another place. */
  function behindNat(float: boolean) {
    const net = new PeerNet()
    let isRebound = false
    net.route = (from, to) => {
      if (!isRebound) return { from, to }
      if (from.address === B4) return { from: MAPPED, to }
      return to.address === C4 ? { from, to: at(`${B4}:1194`) } : { from, to: at(`${DEAD}:1`) }
    }
    const a = peerOn(net, [A4], { ...all(B4), float }, 1)
    const b = peerOn(net, [B4], all(A4), 2)
    a.start()
    b.start()
    net.clock.runUntil(1_000)
    isRebound = true
    return { net, a, b }
  }

  test('a confirmed peer may move: what it sends from elsewhere is asked for a proof', () => {
    const { net, a, b } = behindNat(true)
    b.say('a message of more than thirty-two bytes')
    net.clock.runUntil(1_010)
    b.say('again')
    net.clock.runUntil(1_020)
    a.say('found you')
    net.clock.runUntil(1_030)
    expect([a.inbox, b.inbox]).toEqual([['again'], ['found you']])
    expect(a.lines()).toContain(`1003 attempt 1 moved to ${C4}:61000`)
    expect(a.carrier().remote).toEqual(MAPPED)
  })

  test('P1 without float it is a stranger there', () => {
    const { net, a, b } = behindNat(false)
    b.say('a message of more than thirty-two bytes')
    net.clock.runUntil(2_000)
    expect([a.inbox, a.carrier().remote]).toEqual([[], at(`${B4}:1194`)])
    expect(a.junction.strangers).toBe(1)
  })

  test('with float a peer may come from where nobody looked for it', () => {
    const net = new PeerNet()
    const a = peerOn(net, [A4], { ...all(DEAD), float: true }, FOLLOWER)
    const c = peerOn(net, [C4], all(A4), LEADER)
    a.start()
    net.clock.runUntil(10_500)
    c.start()
    net.clock.runUntil(13_000)
    expect([a.held()?.to, c.held()?.to]).toEqual([`${C4}:1194`, `${A4}:1194`])
  })
})

describe('R5 roles', () => {
  test.each([
    [LEADER, FOLLOWER],
    [FOLLOWER, LEADER],
  ])('who waits takes the first that confirms, whoever has the larger id (%i waits for %i)', (one, other) => {
    const net = new PeerNet()
    const a = peerOn(net, [A4, A6], waits(), one)
    const b = peerOn(net, [B4], calls(DEAD, A4), other)
    a.start()
    b.start()
    expect(a.state()).toBe('open:binding')
    net.clock.runUntil(5)
    expect([a.state(), net.open]).toEqual(['open:waiting', 3])
    net.clock.runUntil(11_000)
    expect([a.state(), b.held()?.to, net.open]).toEqual(['open:joined', `${A4}:1194`, 3])
    expect(a.held()?.to).toBe(b.held()?.from)
    a.say('hello')
    net.clock.runUntil(11_001)
    expect(b.inbox.at(-1)).toEqual('hello')
    expectNothing(net, a, b)
  })

  test('another who comes meanwhile changes nothing; when the first has gone it is taken', () => {
    const net = new PeerNet()
    const a = peerOn(net, [A4], { ...waits(), keepalive: { restart: 3_000 } }, 1)
    const b = peerOn(net, [B4], { ...calls(A4), keepalive: { ping: 1_000 } }, 2)
    const c = peerOn(net, [C4], { ...calls(A4), keepalive: { ping: 1_000 } }, 3)
    a.start()
    b.start()
    net.clock.runUntil(5_000)
    const { to } = a.held()!
    c.start()
    net.clock.runUntil(9_000)
    expect([a.held()?.to, c.held()]).toEqual([to, undefined])
    b.stop()
    net.clock.runUntil(40_000)
    expect(c.held()).toBeDefined()
    expect(a.held()?.to).toBe(c.held()?.from)
    // Its numbers and its ledger go on.
    expect(a.ledger().counters).toMatchObject({ won: 2, lost: 1 })
    expectNothing(net, a, b, c)
  })

  test('with remotes it takes none but these, from their very port', () => {
    const net = new PeerNet()
    const a = peerOn(net, [A4], waits('203.0.113.1', DEAD), 1)
    const b = peerOn(net, [B4, C4], calls(A4), 2)
    const bound = peerOn(net, [B4], { ...all(A4) }, 3)
    a.start()
    b.start()
    net.clock.runUntil(9_000)
    expect([a.state(), a.lines().some((line) => line.includes('met'))]).toEqual(['open:waiting', false])
    b.stop()
    bound.start()
    net.clock.runUntil(9_500)
    expect(a.held()?.to).toBe(`${B4}:1194`)
  })

  test('who waits, and was called to a path that its leader has left, follows', () => {
    const net = new PeerNet()
    const a = peerOn(net, [A4, A6], waits(), 1)
    const b = peerOn(net, [B4, B6], calls(A4, A6), 2)
    // On the first path nothing arrives any more, once it is nominated.
    net.fate = ({ family }) => (family === 'ipv4' && net.clock.now() > 9_902 ? [] : [1])
    b.start()
    net.clock.runUntil(9_890)
    a.start()
    net.clock.runUntil(9_950)
    expect([a.state(), a.held()]).toEqual(['open:joined', undefined])
    net.clock.runUntil(10_500)
    expect([a.held()?.from, b.held()?.to]).toEqual([`[${A6}]:1194`, `[${A6}]:1194`])
  })

  test('the operator’s word goes to the one that it has met', () => {
    const net = new PeerNet()
    const a = peerOn(net, [A4], waits(), 1)
    const b = peerOn(net, [B4], calls(A4), 2)
    a.start()
    b.start()
    net.clock.runUntil(500)
    a.lines()
    a.actor.send({ type: 'network.changed' })
    a.reject(1)
    expect(a.lines().slice(0, 2)).toEqual(['500 network changed', '500 attempt 1 lost REJECTED at connected'])
    net.clock.runUntil(501)
    a.next()
    a.stop()
    expect(a.output()).toEqual({ outcome: 'stopped', failure: null })
  })

  test('a peer without a confirmation takes the first who sends', () => {
    const net = new PeerNet()
    const a = peerOn(net, [A4], { ...waits(), confirm: 'none' }, 1)
    a.start()
    net.clock.runUntil(10)
    net.send(at(`${B4}:5000`), at(`${A4}:1194`), Uint8Array.of(65))
    net.clock.runUntil(20)
    net.send(at(`${B4}:5000`), at(`${A4}:1194`), Uint8Array.of(66))
    net.clock.runUntil(30)
    expect([a.inbox, a.lines().at(-1)]).toEqual([['A', 'B'], '11 attempt 1 won unconfirmed'])
  })
})

describe('R5 TCP', () => {
  const server: PeerConfigInput = { mode: 'p2p', sockets: 'roles', waits: true, listen: { proto: 'tcp' } }
  const client = (...hosts: string[]): PeerConfigInput => {
    const list = hosts.map((host) => ({ host, proto: 'tcp', confirm: { kind: 'peer' } }) as const)
    return { mode: 'p2p', sockets: 'roles', remotes: list }
  }

  test.each([
    [LEADER, FOLLOWER],
    [FOLLOWER, LEADER],
  ])('P2 one session at a time (%i waits for %i); the next when it has gone', (one, other) => {
    const net = new PeerNet()
    const a = peerOn(net, [A4], server, one)
    const b = peerOn(net, [B4], client(DEAD, A4), other)
    const c = peerOn(net, [C4], client(A4), 7)
    a.start()
    b.start()
    net.clock.runUntil(100)
    expect([a.held()?.to, b.held()?.to]).toEqual([b.held()?.from, `${A4}:1194`])
    c.start()
    net.clock.runUntil(150)
    expect(a.lines().at(-1)).toMatch(
      new RegExp(`^10\\d peer from ${C4}:\\d+ refused by listener 1 ONE_SESSION at accept$`),
    )
    expect(c.held()).toBeUndefined()
    b.stop()
    net.clock.runUntil(20_000)
    expect(a.held()?.to).toBe(c.held()?.from)
    c.stop()
    net.clock.runUntil(20_010)
    expect(a.state()).toBe('open:waiting')
    // With nobody there it still knows what was.
    expect(a.ledger().counters).toMatchObject({ won: 2, lost: 2 })
    expectNothing(net, a, b, c)
  })

  test('with remotes it takes none but these, from any port', () => {
    const net = new PeerNet()
    const a = peerOn(net, [A4], { ...server, remotes: [{ host: B4, proto: 'tcp', confirm: { kind: 'peer' } }] }, 1)
    const c = peerOn(net, [C4], client(A4), 7)
    const b = peerOn(net, [B4], client(A4), 2)
    a.start()
    net.clock.runUntil(1)
    c.start()
    net.clock.runUntil(100)
    expect(a.lines().at(-1)).toMatch(/refused by listener 1 NOT_THE_PEER at accept$/)
    b.start()
    net.clock.runUntil(200)
    expect(a.held()?.to).toBe(b.held()?.from)
  })
})

describe('R5 what is bound', () => {
  test('a socket that cannot be bound ends it', () => {
    const net = new PeerNet()
    const a = peerOn(net, [A4], { ...all(B4), listen: { host: DEAD } }, 1)
    a.start()
    net.clock.runUntil(10)
    expect(a.output()).toMatchObject({ outcome: 'failed', failure: { code: 'EADDRNOTAVAIL' } })
    expect(a.lines().at(-1)).toMatch(/peer failed EADDRNOTAVAIL at bind$/)
    expectNothing(net, a)
  })

  test('and with bind-policy any only if no other is', () => {
    const net = new PeerNet()
    const listen = { host: 'a.test' }
    const names = { 'a.test': [A4, DEAD], 'none.test': [DEAD] }
    const a = peerOn(net, [A4], { ...all(B4), listen, bindPolicy: 'any' }, 1, { names })
    const none = { host: 'none.test' }
    const b = peerOn(net, [B4], { ...all(A4), listen: none, bindPolicy: 'any' }, 2, { names })
    a.start()
    b.start()
    net.clock.runUntil(100)
    expect(a.state()).toBe('open:active')
    expect(b.output()).toMatchObject({ outcome: 'failed', failure: { code: 'EADDRNOTAVAIL' } })
    expectNothing(net, a, b)
  })

  test.each<[string, PeerConfigInput, number, boolean]>([
    ['idle', all(B4), 0, false],
    ['open:binding', { ...all(B4), listen: { host: 'silent.test' } }, 10, true],
    ['open:waiting', waits(), 10, true],
    ['open:active', calls(B4), 10, true],
  ])('stopped in %s, it leaves nothing', (state, config, when, starts) => {
    const net = new PeerNet()
    const a = peerOn(net, [A4], config, 1)
    if (starts) a.start()
    net.clock.runUntil(when)
    expect(a.state()).toBe(state)
    a.stop()
    expect(a.output()).toEqual({ outcome: 'stopped', failure: null })
    expectNothing(net, a)
  })
})

test('a peer without a greeter says what is missing', () => {
  const { clock } = new PeerNet()
  const input = { config: PeerSchema.parse(calls(B4)), seed: 1 }
  const actor = createActor(contain(peerMachine), { clock, input })
  const errors: unknown[] = []
  actor.subscribe({ error: (error) => errors.push(error) })
  actor.start()
  actor.send({ type: 'start' })
  expect(errors.map(String)).toEqual(['Error: provide the greeter actor'])
  expect(clock.timers).toBe(0)
})
