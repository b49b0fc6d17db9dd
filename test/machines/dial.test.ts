import { describe, expect, test } from 'vitest'
import { CLEAN, stage } from './stage.ts'

const TCP = { proto: 'tcp', port: 443 } as const
const A = { ...TCP, host: '192.0.2.1' }
const B = { ...TCP, host: '192.0.2.2' }
const C = { ...TCP, host: '192.0.2.3' }
const NEWEST = { policy: 'newest' } as const

describe('R3 one attempt after the other', () => {
  test('all addresses of a remote in the order returned, then the next remote', () => {
    const s = stage({ remotes: [{ ...TCP, host: 'vpn.test' }, B], connectRetryMax: 1 })
    s.start()
    expect(s.query(1).input).toEqual({ query: 1, host: 'vpn.test', transport: 'tcp', families: ['ipv4', 'ipv6'] })
    s.wait(5)
    s.answer(1, '2001:db8::1', '192.0.2.1')
    s.opened(1)
    s.wait(10)
    s.fail(1)
    s.fail(2, 'EHOSTUNREACH')
    s.fail(3)
    expect(s.lines()).toEqual([
      '0 round 1 started',
      '0 query 1 vpn.test ipv4 ipv6 started',
      '5 query 1 answered 2001:db8::1 192.0.2.1',
      '5 attempt 1 tcp [2001:db8::1]:443 started',
      '5 attempt 1 opened',
      '15 attempt 1 failed ECONNREFUSED at connect',
      '15 attempt 2 tcp 192.0.2.1:443 started',
      '15 attempt 2 failed EHOSTUNREACH at connect',
      '15 attempt 3 tcp 192.0.2.2:443 started',
      '15 attempt 3 failed ECONNREFUSED at connect',
      '15 round 1 failed',
      '15 client failed EXHAUSTED at plan',
    ])
    expect(s.leaks()).toEqual(CLEAN)
  })

  test('the dialer is told the candidate, the local side and the confirmation', () => {
    const s = stage({ remotes: [{ host: '2001:db8::1', local: { port: 7 }, confirm: { kind: 'reply', text: 'hi' } }] })
    s.start()
    expect(s.attempt(1).input).toEqual({
      attempt: 1,
      candidate: { remote: 0, transport: 'udp', family: 'ipv6', address: '2001:db8::1', port: 1194, hops: [] },
      local: { address: undefined, port: 7 },
      hops: [],
      confirmation: { kind: 'reply', text: 'hi' },
    })
  })

  test('an empty answer is a failed look-up, and the next remote is taken at once', () => {
    const s = stage({ remotes: [{ ...TCP, host: 'vpn.test' }, B] })
    s.start()
    s.answer(1)
    expect(s.lines().slice(2)).toEqual([
      '0 query 1 failed NO_ADDRESS at resolve',
      '0 attempt 1 tcp 192.0.2.2:443 started',
    ])
  })

  test('skipped candidates are noted in the order of the remotes', () => {
    const s = stage({ remotes: [{ ...TCP, host: 'vpn.test' }] })
    s.start()
    s.answer(1, '0.0.0.0', '192.0.2.1', 'nonsense')
    expect(s.lines().slice(2)).toEqual([
      '0 query 1 answered 0.0.0.0 192.0.2.1 nonsense',
      '0 skipped tcp 0.0.0.0:443 BAD_ADDRESS at plan',
      '0 skipped vpn.test BAD_ADDRESS at plan',
      '0 attempt 1 tcp 192.0.2.1:443 started',
    ])
  })
})

describe('the deadline of an attempt', () => {
  test.each([
    ['opening', () => {}, 'open'],
    ['connecting', (s: ReturnType<typeof stage>) => s.opened(1), 'connect'],
    [
      'confirming',
      (s: ReturnType<typeof stage>) => {
        s.opened(1)
        s.connected(1)
      },
      'confirm',
    ],
  ] as const)('ends it while %s, and the next starts in that instant', (_, move, at) => {
    const s = stage({ remotes: [{ host: '192.0.2.1', confirm: { kind: 'openvpn' }, connectTimeout: 3000 }, B] })
    s.start()
    move(s)
    s.wait(2999)
    expect(s.alive().attempts).toEqual([1])
    s.wait(1)
    expect(s.lines().slice(-2)).toEqual([
      `3000 attempt 1 failed TIMEOUT at ${at}`,
      '3000 attempt 2 tcp 192.0.2.2:443 started',
    ])
    expect(s.alive().attempts).toEqual([2])
  })

  test('does not strike what failed or won before', () => {
    const s = stage({ remotes: [A, B] })
    s.start()
    s.wait(9999)
    s.fail(1)
    s.wait(1)
    s.connected(2)
    s.wait(1e6)
    expect(s.state()).toBe('active:connected')
    expect(s.clock.timers).toBe(0)
  })
})

describe('look-ups', () => {
  const NAMES = {
    remotes: [
      { ...TCP, host: 'a.test' },
      { ...TCP, host: 'b.test' },
    ],
  }

  test('a failed one skips its remote', () => {
    const s = stage(NAMES)
    s.start()
    s.failQuery(1)
    expect(s.lines().slice(2)).toEqual(['0 query 1 failed ENOTFOUND at resolve', '0 query 2 b.test ipv4 ipv6 started'])
    expect(s.alive().queries).toEqual([2])
  })

  test('a silent one ends at its deadline, and what it says later changes nothing', () => {
    const s = stage({ ...NAMES, resolveTimeout: 2000 })
    s.start()
    const late = s.query(1)
    s.wait(1999)
    expect(s.alive().queries).toEqual([1])
    s.wait(1)
    expect(s.lines().slice(2)).toEqual([
      '2000 query 1 failed RESOLVE_TIMEOUT at resolve',
      '2000 query 2 b.test ipv4 ipv6 started',
    ])
    late.say({ type: 'resolver.answered', query: 1, addresses: ['192.0.2.1'] })
    expect(s.lines()).toEqual([])
  })

  test('numbers that are not current are dropped, whoever says them', () => {
    const s = stage(NAMES)
    s.start()
    s.failQuery(1)
    s.lines()
    const { say } = s.query(2)
    say({ type: 'resolver.answered', query: 1, addresses: ['192.0.2.1'] })
    say({ type: 'resolver.failed', query: 3, failure: { code: 'X', stage: 'resolve', message: '' } })
    expect(s.lines()).toEqual([])
    s.answer(2, '192.0.2.2')
    say({ type: 'resolver.answered', query: 2, addresses: ['192.0.2.3'] })
    expect(s.lines()).toEqual(['0 query 2 answered 192.0.2.2', '0 attempt 1 tcp 192.0.2.2:443 started'])
  })

  test('R7 a local name is asked for first, and its failure skips the remote', () => {
    const s = stage({ remotes: [{ ...TCP, host: 'a.test', local: { host: 'me.test' } }, B] })
    s.start()
    s.answer(1, '192.0.2.9')
    s.answer(2, '192.0.2.1')
    expect(s.attempt(1).input.local).toEqual({ address: '192.0.2.9', port: 0 })
    const t = stage({ remotes: [{ ...TCP, host: 'a.test', local: { host: 'me.test' } }, B] })
    t.start()
    t.failQuery(1)
    expect(t.lines().slice(1)).toEqual([
      '0 query 1 me.test ipv4 ipv6 started',
      '0 query 1 failed ENOTFOUND at resolve',
      '0 attempt 1 tcp 192.0.2.2:443 started',
    ])
  })

  test('remote-random-hostname asks for another name each time', () => {
    const s = stage({ ...NAMES, remoteRandomHostname: true })
    s.start()
    expect(s.query(1).input.host).toMatch(/^[0-9a-f]{12}\.a\.test$/)
  })
})

describe('resolv-retry', () => {
  const ONE = { remotes: [{ ...TCP, host: 'a.test' }, B] }

  test('infinite: one look-up per round', () => {
    const s = stage(ONE)
    s.start()
    s.failQuery(1)
    expect(s.alive()).toEqual({ queries: [], attempts: [1] })
  })

  test('n: repeated every 5 s for so long, then the next remote', () => {
    const s = stage({ ...ONE, resolvRetry: 12_000 })
    s.start()
    s.wait(10)
    s.failQuery(1)
    expect(s.alive().queries).toEqual([])
    s.wait(4999)
    expect(s.seen.queries).toEqual([1])
    s.wait(1)
    s.failQuery(2)
    s.wait(5000)
    s.failQuery(3, 'EAI_AGAIN')
    expect(s.lines().slice(1)).toEqual([
      '0 query 1 a.test ipv4 ipv6 started',
      '10 query 1 failed ENOTFOUND at resolve',
      '5010 query 2 a.test ipv4 ipv6 started',
      '5010 query 2 failed ENOTFOUND at resolve',
      '10010 query 3 a.test ipv4 ipv6 started',
      '10010 query 3 failed EAI_AGAIN at resolve',
      '10010 attempt 1 tcp 192.0.2.2:443 started',
    ])
  })

  test('n: a repeat that would start exactly at the end still does', () => {
    const s = stage({ ...ONE, resolvRetry: 5000 })
    s.start()
    s.failQuery(1)
    s.wait(5000)
    expect(s.seen.queries).toEqual([1, 2])
    s.failQuery(2)
    expect(s.alive().attempts).toEqual([1])
  })

  test('n: a repeat that times out counts, and one that is answered serves', () => {
    const s = stage({ ...ONE, resolvRetry: 60_000, resolveTimeout: 1000 })
    s.start()
    s.wait(6000)
    s.answer(2, '192.0.2.9')
    expect(s.lines().slice(2)).toEqual([
      '1000 query 1 failed RESOLVE_TIMEOUT at resolve',
      '6000 query 2 a.test ipv4 ipv6 started',
      '6000 query 2 answered 192.0.2.9',
      '6000 attempt 1 tcp 192.0.2.9:443 started',
    ])
    expect(s.clock.timers).toBe(1)
  })

  test('`next` ends the pause between two look-ups, and the next remote is taken', () => {
    const s = stage({ ...ONE, resolvRetry: 60_000 })
    s.start()
    s.failQuery(1)
    s.next()
    // The look-up had failed already, and was said to have.
    expect(s.lines().slice(3)).toEqual(['0 attempt 1 tcp 192.0.2.2:443 started'])
    s.fail(1)
    s.stop()
    expect(s.leaks()).toEqual(CLEAN)
  })

  test('0: a failed name fails the start, and nothing else is started', () => {
    for (const remotes of [ONE.remotes, ONE.remotes.toReversed().concat({ ...TCP, host: 'c.test' })]) {
      const s = stage({ remotes, resolvRetry: 0 })
      s.start()
      if (remotes[0] === B) s.fail(1)
      s.failQuery(1)
      const [refusal, round, end, ...rest] = s.lines().slice(-3)
      expect([refusal, round, end]).toEqual([
        '0 query 1 failed ENOTFOUND at resolve',
        '0 round 1 failed',
        '0 client failed ENOTFOUND at resolve',
      ])
      expect(rest).toEqual([])
      expect(s.output()).toMatchObject({ outcome: 'failed', failure: { code: 'ENOTFOUND' } })
      expect(s.seen).toEqual({ queries: [1], attempts: remotes[0] === B ? [1] : [] })
      expect(s.leaks()).toEqual(CLEAN)
    }
  })

  test('0: attempts that race beside the failed name are cancelled, and said to be', () => {
    const s = stage({ remotes: [A, { ...TCP, host: 'a.test' }], resolvRetry: 0, pacing: NEWEST })
    s.start()
    s.failQuery(1)
    expect(s.lines().slice(-4)).toEqual([
      '0 query 1 failed ENOTFOUND at resolve',
      '0 attempt 1 cancelled CANCELLED at open',
      '0 round 1 failed',
      '0 client failed ENOTFOUND at resolve',
    ])
    expect(s.ledger().last.map(({ outcome }) => outcome)).toEqual(['cancelled', 'failed'])
    expect(s.leaks()).toEqual(CLEAN)
  })

  test('0: `next` is no failed name', () => {
    const s = stage({ ...ONE, resolvRetry: 0 })
    s.start()
    s.next()
    expect(s.state()).toBe('active:dialing')
    expect(s.alive().attempts).toEqual([1])
  })

  test('0: only before the first connection', () => {
    const s = stage({ remotes: [A, { ...TCP, host: 'a.test' }], resolvRetry: 0 })
    s.start()
    s.connected(1)
    s.lose(1)
    s.failQuery(1)
    expect(s.state()).toBe('backingOff')
  })
})

describe('R6 unfit', () => {
  const LOCAL = { remotes: [{ ...TCP, host: 'a.test', local: { host: '192.0.2.9' } }] }

  test('at the start it fails for good, with nothing opened', () => {
    const s = stage(LOCAL)
    s.start()
    s.answer(1, '2001:db8::1')
    expect(s.lines().slice(2)).toEqual([
      '0 query 1 answered 2001:db8::1',
      '0 skipped tcp [2001:db8::1]:443 LOCAL_FAMILY at plan',
      '0 round 1 failed',
      '0 client failed LOCAL_FAMILY at plan',
    ])
    expect(s.output()?.failure?.message).toContain('no remote fits: the local address 192.0.2.9 is not ipv6')
    expect(s.leaks()).toEqual(CLEAN)
  })

  test('not while a look-up failed: that is a failed round, and the next one may tell', () => {
    const s = stage({ remotes: [...LOCAL.remotes, { ...TCP, host: 'b.test', local: { host: '192.0.2.9' } }] })
    s.start()
    s.answer(1, '2001:db8::1')
    s.failQuery(2)
    expect(s.state()).toBe('backingOff')
    s.wait(1100)
    s.answer(3, '2001:db8::1')
    s.answer(4, '2001:db8::2')
    expect(s.output()?.failure?.code).toBe('LOCAL_FAMILY')
  })

  test('later it is a failed round', () => {
    const s = stage(LOCAL)
    s.start()
    s.answer(1, '192.0.2.1')
    s.connected(1)
    s.wait(10_000)
    s.lose(1)
    s.answer(2, '2001:db8::1')
    expect(s.lines().slice(-2)).toEqual(['10000 round 2 failed', '10000 backoff 1086 ms after 1 failed'])
  })
})

describe('newest', () => {
  const RACE = { remotes: [A, B, C], pacing: NEWEST }

  test('a new attempt after each delay, at once when the newest fails, and not for an older one', () => {
    const s = stage(RACE)
    s.start()
    s.wait(250)
    expect(s.alive().attempts).toEqual([1, 2])
    s.fail(1)
    expect(s.alive().attempts).toEqual([2])
    s.fail(2)
    expect(s.alive().attempts).toEqual([3])
    expect(s.lines().slice(1)).toEqual([
      '0 attempt 1 tcp 192.0.2.1:443 started',
      '250 attempt 2 tcp 192.0.2.2:443 started',
      '250 attempt 1 failed ECONNREFUSED at connect',
      '250 attempt 2 failed ECONNREFUSED at connect',
      '250 attempt 3 tcp 192.0.2.3:443 started',
    ])
    s.stop()
    expect(s.leaks()).toEqual(CLEAN)
  })

  test('losers close in the instant of the victory; what they say later is nobody’s business', () => {
    const s = stage(RACE)
    s.start()
    s.wait(300)
    const loser = s.attempt(1)
    s.connected(2)
    loser.say({ type: 'attempt.connected', attempt: 1 })
    s.wait(1000)
    expect(s.lines().slice(3)).toEqual([
      '300 attempt 2 connected',
      '300 attempt 2 won unconfirmed',
      '300 attempt 1 cancelled CANCELLED at open',
    ])
    expect(s.alive()).toEqual({ queries: [], attempts: [2] })
    expect(s.attempt(2).heard).toEqual([{ type: 'attempt.accepted', attempt: 2, release: false }])
    expect(s.clock.timers).toBe(0)
  })

  test('losers get their turn, in their order, when the winner is rejected', () => {
    const s = stage(RACE)
    s.start()
    s.wait(500)
    s.connected(3)
    s.lines()
    s.reject(3)
    expect(s.lines()).toEqual(['500 attempt 3 lost REJECTED at connected', '500 attempt 4 tcp 192.0.2.1:443 started'])
    s.wait(250)
    expect(s.lines()).toEqual(['750 attempt 5 tcp 192.0.2.2:443 started'])
    expect(s.alive().attempts).toEqual([4, 5])
  })

  test('no more than max-in-flight', () => {
    const s = stage({ ...RACE, pacing: { ...NEWEST, maxInFlight: 2 } })
    s.start()
    s.wait(9000)
    expect(s.alive().attempts).toEqual([1, 2])
    s.fail(1)
    expect(s.alive().attempts).toEqual([2, 3])
  })

  test('the next remote is resolved as soon as the queue is empty, and a win ends that look-up', () => {
    const s = stage({ remotes: [A, { ...TCP, host: 'b.test' }], pacing: NEWEST })
    s.start()
    expect(s.alive()).toEqual({ queries: [1], attempts: [1] })
    s.connected(1)
    expect(s.alive()).toEqual({ queries: [], attempts: [1] })
    // Rejected, the round goes on where it was: the name is asked for again.
    s.reject(1)
    expect(s.alive()).toEqual({ queries: [2], attempts: [] })
    s.answer(2, '192.0.2.2')
    expect(s.alive()).toEqual({ queries: [], attempts: [2] })
  })

  test('`next` fails everything in flight', () => {
    const s = stage(RACE)
    s.start()
    s.wait(250)
    s.opened(1)
    s.lines()
    s.next()
    expect(s.lines()).toEqual([
      '250 attempt 1 failed NEXT at connect',
      '250 attempt 2 failed NEXT at open',
      '250 attempt 3 tcp 192.0.2.3:443 started',
    ])
  })

  test('R7 bound attempts never overlap', () => {
    const bound = [A, B].map((remote) => ({ ...remote, local: { port: 1194 } }))
    const s = stage({ remotes: bound, pacing: NEWEST })
    s.start()
    s.wait(5000)
    expect(s.alive().attempts).toEqual([1])
    s.fail(1)
    expect(s.alive().attempts).toEqual([2])
  })
})

describe('winning', () => {
  test('R4 with a confirmation, connecting is not enough', () => {
    const s = stage({ remotes: [{ host: '192.0.2.1', confirm: { kind: 'openvpn' } }] })
    s.start()
    s.opened(1)
    s.connected(1)
    expect(s.state()).toBe('active:dialing')
    s.wait(30)
    s.confirmed(1)
    expect(s.lines().slice(2)).toEqual([
      '0 attempt 1 opened',
      '0 attempt 1 connected',
      '30 attempt 1 confirmed after 1 sent 1 received',
      '30 attempt 1 won',
    ])
    expect(s.ledger().current[0]?.stages).toEqual({ opened: 0, connected: 0, confirmed: 30 })
  })

  const FERRY = { kind: 'ferry', host: '192.0.2.7', port: 8080, settings: { login: 'key:1' } }

  test('R9 the dialer is told the way, and every hop is noted; the last one wins where nothing is confirmed', () => {
    const s = stage({ remotes: [{ ...TCP, host: 'vpn.test', hops: [FERRY, FERRY] }] })
    s.start()
    expect(s.attempt(1).input.hops).toEqual([FERRY, FERRY])
    s.connected(1)
    s.negotiated(1, 1)
    s.wait(7)
    s.negotiated(1, 2)
    expect(s.lines().slice(2)).toEqual([
      '0 attempt 1 connected',
      '0 attempt 1 negotiated hop 1',
      '7 attempt 1 negotiated hop 2',
      '7 attempt 1 won unconfirmed',
    ])
    expect(s.ledger().current[0]).toMatchObject({ stages: { connected: 0, negotiated: 7 }, outcome: 'won' })
  })

  test('R9 a confirmation comes after the last hop', () => {
    const s = stage({ remotes: [{ ...TCP, host: 'vpn.test', hops: [FERRY], confirm: { kind: 'openvpn' } }] })
    s.start()
    s.connected(1)
    s.negotiated(1)
    s.confirmed(1)
    expect(s.lines().slice(-3)).toEqual([
      '0 attempt 1 negotiated hop 1',
      '0 attempt 1 confirmed after 1 sent 1 received',
      '0 attempt 1 won',
    ])
  })

  test.each([
    ['its first hop is silent before it has connected', 0, 'TIMEOUT at open of hop 1'],
    ['its first hop is silent', 1, 'TIMEOUT at negotiate of hop 1'],
    ['its second hop is silent', 2, 'TIMEOUT at negotiate of hop 2'],
    ['the remote is silent', 3, 'TIMEOUT at confirm'],
  ])('R9 one deadline covers the whole way: %s', (_, steps, end) => {
    const remote = { ...TCP, host: 'vpn.test', hops: [FERRY, FERRY], confirm: { kind: 'openvpn' } } as const
    const s = stage({ remotes: [remote] })
    s.start()
    const ways = [() => s.connected(1), () => s.negotiated(1, 1), () => s.negotiated(1, 2)].slice(0, steps)
    for (const step of ways) {
      s.wait(3000)
      step()
    }
    s.wait(10_000)
    expect(s.lines()).toContain(`10000 attempt 1 failed ${end}`)
  })

  test('what is said of attempts that do not fly is dropped', () => {
    const s = stage({ remotes: [A, B] })
    s.start()
    const { say } = s.attempt(1)
    for (const attempt of [0, 2]) {
      say({ type: 'attempt.opened', attempt })
      say({ type: 'attempt.connected', attempt })
      say({ type: 'attempt.negotiated', attempt, hop: 1 })
      say({ type: 'attempt.confirmed', attempt, sent: 1, received: 1 })
      say({ type: 'attempt.failed', attempt, failure: { code: 'X', stage: 'open', message: '' } })
      say({ type: 'attempt.lost', attempt, failure: { code: 'X', stage: 'open', message: '' } })
    }
    expect(s.lines()).toEqual(['0 round 1 started', '0 attempt 1 tcp 192.0.2.1:443 started'])
    s.connected(1)
    s.lines()
    say({ type: 'attempt.lost', attempt: 2, failure: { code: 'X', stage: 'connected', message: '' } })
    say({ type: 'attempt.connected', attempt: 1 })
    expect(s.lines()).toEqual([])
    expect(s.state()).toBe('active:connected')
  })
})

describe('losing', () => {
  test.each([
    ['9,999 ms is that candidate’s failure: the same round goes on', 9_999, ['lost ECONNRESET at connected']],
    [
      '10,000 ms is a success: a new round starts',
      10_000,
      ['lost ECONNRESET at connected', 'round 1 ended', 'round 2 started'],
    ],
  ] as const)('after %s', (_, ms, told) => {
    const s = stage({ remotes: [A, B] })
    s.start()
    s.wait(7)
    s.connected(1)
    s.wait(ms)
    s.lines()
    s.lose(1)
    const lines = s.lines()
    for (const [i, text] of told.entries()) expect(lines[i]).toContain(text)
    expect(lines.at(-1)).toBe(`${7 + ms} attempt 2 tcp ${ms < 10_000 ? '192.0.2.2' : '192.0.2.1'}:443 started`)
    expect(s.ledger().last[0]?.outcome).toBe(ms < 10_000 ? undefined : 'won')
  })

  test('a long life: its remote is resolved first, it goes first if still there, then all others in plan order', () => {
    const s = stage({ remotes: [A, { ...TCP, host: 'b.test' }, C] })
    s.start()
    s.fail(1)
    s.answer(1, '192.0.2.20', '192.0.2.21')
    s.fail(2)
    s.connected(3)
    s.wait(10_000)
    s.lines()
    s.lose(3)
    s.answer(2, '192.0.2.22', '192.0.2.21')
    for (const attempt of [4, 5, 6, 7]) s.fail(attempt)
    expect(s.lines().filter((line) => /query|started/.test(line))).toEqual([
      '10000 round 2 started',
      '10000 query 2 b.test ipv4 ipv6 started',
      '10000 query 2 answered 192.0.2.22 192.0.2.21',
      '10000 attempt 4 tcp 192.0.2.21:443 started',
      '10000 attempt 5 tcp 192.0.2.1:443 started',
      '10000 attempt 6 tcp 192.0.2.22:443 started',
      '10000 attempt 7 tcp 192.0.2.3:443 started',
    ])
    expect(s.state()).toBe('backingOff')
  })

  const UDP = { remotes: [{ host: '192.0.2.1' }, { host: '192.0.2.2' }] }

  test('R4 a refusal of an unconfirmed udp candidate is its failure, however late', () => {
    const s = stage(UDP)
    s.start()
    s.connected(1)
    s.wait(20_000)
    s.lines()
    s.lose(1, 'ECONNREFUSED')
    expect(s.lines()).toEqual([
      '20000 attempt 1 lost ECONNREFUSED at connected',
      '20000 attempt 2 udp 192.0.2.2:1194 started',
    ])
    expect(s.ledger().current[0]?.outcome).toBe('failed')
  })

  test.each([
    ['another error', UDP, 'ENETUNREACH', false],
    ['a tcp connection', { remotes: [A, B] }, 'ECONNREFUSED', false],
    ['a confirmed one', { remotes: [{ host: '192.0.2.1', confirm: { kind: 'openvpn' } }, B] }, 'ECONNREFUSED', true],
  ] as const)('of %s it is not: a new round starts', (_, config, code, confirm) => {
    const s = stage({ remotes: [...config.remotes] })
    s.start()
    s.connected(1)
    if (confirm) s.confirmed(1)
    s.wait(20_000)
    s.lines()
    s.lose(1, code)
    expect(s.lines()[1]).toBe('20000 round 1 ended')
  })

  test('of the last candidate, early: the round has failed', () => {
    const s = stage({ remotes: [A] })
    s.start()
    s.connected(1)
    s.lines()
    s.lose(1)
    expect(s.lines()).toEqual([
      '0 attempt 1 lost ECONNRESET at connected',
      '0 round 1 failed',
      '0 backoff 1086 ms after 1 failed',
    ])
  })
})

describe('reject and next', () => {
  test('reject closes the connection and goes on, however long it lived', () => {
    const s = stage({ remotes: [A, B] })
    s.start()
    s.connected(1)
    s.wait(60_000)
    s.lines()
    s.reject(1)
    expect(s.lines()).toEqual([
      '60000 attempt 1 lost REJECTED at connected',
      '60000 attempt 2 tcp 192.0.2.2:443 started',
    ])
    expect(s.ledger().current[0]).toMatchObject({ outcome: 'failed', failure: { message: 'not authorised' } })
    expect(s.alive().attempts).toEqual([2])
  })

  test('a stale reject is dropped', () => {
    const s = stage({ remotes: [A, B] })
    s.start()
    s.reject(1)
    s.fail(1)
    s.connected(2)
    s.lines()
    s.reject(1)
    s.reject(3)
    expect(s.lines()).toEqual([])
    expect(s.state()).toBe('active:connected')
  })

  test('next while connected loses the connection', () => {
    const s = stage({ remotes: [A, B] })
    s.start()
    s.connected(1)
    s.wait(60_000)
    s.lines()
    s.next()
    expect(s.lines()).toEqual(['60000 attempt 1 lost NEXT at connected', '60000 attempt 2 tcp 192.0.2.2:443 started'])
  })

  test('next while looking up skips that remote', () => {
    const s = stage({ remotes: [{ ...TCP, host: 'a.test' }, B] })
    s.start()
    s.next()
    expect(s.lines().slice(2)).toEqual(['0 query 1 failed NEXT at resolve', '0 attempt 1 tcp 192.0.2.2:443 started'])
    expect(s.alive()).toEqual({ queries: [], attempts: [1] })
  })
})
