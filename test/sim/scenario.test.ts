import { describe, expect, test } from 'vitest'
import { LIMITS, canonicalBind, canonicalTarget, parseScenario } from '../../src/sim/scenario.ts'

const CONFIG = { remotes: [{ host: 'vpn.test' }] }

/** What is wrong with a file, a line each: `path: message`. */
function problemsOf(file: unknown): readonly string[] {
  const parsed = parseScenario(file)
  return 'problems' in parsed ? parsed.problems.map(({ path, message }) => `${path}: ${message}`) : []
}

function scenarioOf(file: object) {
  const parsed = parseScenario({ config: CONFIG, ...file })
  if ('problems' in parsed) throw new Error(JSON.stringify(parsed.problems))
  return parsed.scenario
}

describe('a good file', () => {
  test('needs a configuration only; the rest has defaults', () => {
    expect(scenarioOf({})).toMatchObject({
      seed: 1,
      names: {},
      network: {},
      self: ['198.51.100.254', '2001:db8::fe'],
      binds: {},
      timeline: [],
      untilMs: 60_000,
    })
  })

  test('has every default of the configuration filled in', () => {
    expect(scenarioOf({}).config).toMatchObject({ mode: 'client', remotes: [{ port: 1194, proto: 'udp' }] })
  })

  test('may say all this', () => {
    const { names, network, timeline } = scenarioOf({
      seed: 4_294_967_295,
      names: {
        'vpn.test': [{ address: '2001:db8::1' }, { address: '198.51.100.1', delayMs: 30 }],
        'two.test': [[{ address: '198.51.100.1' }], { fail: 'ENOTFOUND', afterMs: 10 }, { silent: true }, []],
        'empty.test': [],
      },
      network: {
        '2001:db8::1': { tcp: 'blackhole' },
        '198.51.100.1': { tcp: { connect: 5, reset: 100 }, udp: { answer: 5 } },
        '[2001:db8::1]:443': { tcp: { error: 'EMFILE', times: 2, connect: 5 } },
      },
      self: ['198.51.100.254'],
      binds: { '0.0.0.0:1194/udp': 'EADDRINUSE' },
      timeline: [
        { atMs: 1, network: { '198.51.100.1': { tcp: { refuse: 0 } } } },
        { atMs: 2, names: { 'vpn.test': { silent: true } } },
        { atMs: 3, kill: { address: '198.51.100.1', how: 'reset' } },
        { atMs: 4, bindError: { '[::]:1194/tcp': 'EACCES', '0.0.0.0:1194/udp': null } },
        { atMs: 5, do: 'network-changed' },
      ],
      untilMs: 0,
    })
    expect(names['vpn.test']).toEqual([
      [
        { address: '2001:db8::1', delayMs: 0 },
        { address: '198.51.100.1', delayMs: 30 },
      ],
    ])
    expect(names['two.test']?.slice(1)).toEqual([{ fail: 'ENOTFOUND', afterMs: 10 }, { silent: true }, []])
    expect(names['empty.test']).toEqual([[]])
    expect(network['2001:db8::1']).toEqual({ tcp: {} })
    expect(timeline).toHaveLength(5)
  })
})

describe('the configuration as text', () => {
  test('is compiled', () => {
    const text = 'client\nproto tcp\nremote vpn.test 443\n'
    expect(scenarioOf({ config: text }).config.remotes).toMatchObject([{ host: 'vpn.test', port: 443, proto: 'tcp' }])
  })

  test('tells every problem with its place', () => {
    expect(problemsOf({ config: 'client\nremote vpn.test 99999\nproto sctp\n' })).toEqual([
      expect.stringMatching(/^config: line 2, column 17: /),
      expect.stringMatching(/^config: line 3, column 7: /),
    ])
  })
})

describe('a bad file', () => {
  test.each([
    [7, ': expected an object'],
    [{}, 'config: expected an object'],
    [{ config: { remotes: [] } }, 'config.remotes: expected a list of at least 1'],
    [{ config: { remotes: [{ host: '127.1' }] } }, 'config.remotes[0].host: numbers alone are no host name'],
    [{ config: CONFIG, seeds: 1 }, ': there is no "seeds" here'],
    [{ config: CONFIG, seed: -1 }, 'seed: expected at least 0'],
    [{ config: CONFIG, peers: [] }, 'peers: "peers" is for servers and peers, which are not built yet'],
    [{ config: CONFIG, self: ['me'] }, 'self[0]: an own address is a literal address'],
    [{ config: CONFIG, untilMs: 2 ** 31 }, 'untilMs: expected at most 2147483647'],
    [{ config: CONFIG, binds: { '0.0.0.0/udp': 'EACCES' } }, 'binds["0.0.0.0/udp"]: a bound endpoint is written'],
    [{ config: CONFIG, binds: { '0.0.0.0:1/udp': 'denied' } }, 'binds["0.0.0.0:1/udp"]: an error code is written as'],
  ])('%j: %s', (file, message) => {
    const problems = problemsOf(file)
    expect(problems).toHaveLength(1)
    expect(problems[0]).toContain(message)
  })

  test.each([
    ['maybe', 'names["vpn.test"]: an answer is a list of addresses, { "fail": CODE } or { "silent": true }'],
    [{ address: '::1' }, 'names["vpn.test"]: an answer is a list of addresses'],
    [{ fail: 'nope' }, 'names["vpn.test"].fail: an error code is written as in ECONNREFUSED'],
    [{ fail: 'ENOTFOUND', after: 1 }, 'names["vpn.test"]: there is no "after" here'],
    [{ silent: false }, 'names["vpn.test"].silent: expected true'],
    [[{ address: '::1', delayMs: -1 }], 'names["vpn.test"][0].delayMs: expected at least 0'],
    [[[{ address: 5 }]], 'names["vpn.test"][0][0].address: expected a text'],
    [[[], 'maybe'], 'names["vpn.test"][1]: an answer is'],
  ])('a name with %j: %s', (answer, message) => {
    const problems = problemsOf({ config: CONFIG, names: { 'vpn.test': answer } })
    expect(problems).toHaveLength(1)
    expect(problems[0]).toContain(message)
  })

  test('a name that is none', () => {
    expect(problemsOf({ config: CONFIG, names: { 'a b': [] } })).toEqual([
      'names["a b"]: a host has no blanks or control characters',
    ])
  })

  test.each([
    [{ tcp: 'drop' }, 'tcp: a behaviour is "blackhole" or an object, such as { "connect": 20 }'],
    [{ tcp: {} }, 'tcp: says nothing; "blackhole" is written out'],
    [{ tcp: { refuse: 1, connect: 1 } }, 'tcp: only one of'],
    [{ tcp: { afterMs: 1, connect: 1 } }, 'tcp: "afterMs" and "times" belong to an "error"'],
    [{ tcp: { error: 'EMFILE', connect: 1 } }, 'tcp: an "error" without "times" leaves room for no more'],
    [{ tcp: { error: 'EMFILE', times: 1 } }, 'tcp: "times" needs what happens afterwards, such as "connect"'],
    [{ tcp: { answer: 1, mute: true } }, 'tcp: "answer" and "mute" contradict each other'],
    [{ tcp: { connect: 1.5 } }, 'tcp.connect: expected a whole number'],
    [{ udp: { connect: 1 } }, 'udp: "connect" is for tcp: a UDP socket is connected at once'],
    [{ udp: 3 }, 'udp: a behaviour is'],
    [{ sctp: 'blackhole' }, ': there is no "sctp" here'],
  ])('a peer with %j: %s', (behaviours, message) => {
    const problems = problemsOf({ config: CONFIG, network: { '198.51.100.1': behaviours } })
    expect(problems).toHaveLength(1)
    expect(problems[0]).toContain(message)
    expect(problems[0]).toMatch(/^network\["198\.51\.100\.1"\]/)
  })

  test.each([
    [5, 'timeline[0]: an entry is an object, such as { "atMs": 5000, "do": "stop" }'],
    [{ atMs: 1 }, 'timeline[0]: an entry has one of network, names, kill, bindError, do'],
    [{ atMs: 1, from: {} }, 'timeline[0]: "from" is for servers and peers, which are not built yet'],
    [{ atMs: 1, do: 'jump' }, 'timeline[0].do: expected "stop", "reject", "next" or "network-changed"'],
    [{ do: 'stop' }, 'timeline[0].atMs: expected a number'],
    [{ atMs: 1, do: 'stop', kill: { address: '::1', how: 'fin' } }, 'timeline[0]: there is no "do" here'],
    [{ atMs: 1, kill: { address: '::1', how: 'shoot' } }, 'timeline[0].kill.how: expected "reset", "fin" or "vanish"'],
    [
      { atMs: 1, kill: { address: 'vpn.test', how: 'fin' } },
      'timeline[0].kill.address: this is neither an address nor',
    ],
    [{ atMs: 1, network: { x: {} } }, 'timeline[0].network.x: this is neither an address nor'],
  ])('an entry %j: %s', (entry, message) => {
    const problems = problemsOf({ config: CONFIG, timeline: [entry] })
    expect(problems).toHaveLength(1)
    expect(problems[0]).toContain(message)
  })

  test('tells everything that is wrong at once', () => {
    expect(problemsOf({ config: {}, seed: 'x', timeline: [{}, {}] })).toHaveLength(4)
  })

  test('has limits', () => {
    const many = (n: number) => Array.from({ length: n }, (_, i) => i)
    const entries = (n: number, of: (i: number) => readonly [string, unknown]) => Object.fromEntries(many(n).map(of))
    const limits: readonly [object, string][] = [
      [
        { timeline: many(LIMITS.timeline + 1).map((atMs) => ({ atMs, do: 'next' })) },
        'timeline: expected a list of at most 1000',
      ],
      [{ names: entries(LIMITS.names + 1, (i) => [`h${i}`, []]) }, 'names: at most 256 entries'],
      [{ names: { a: many(LIMITS.answersPerName + 1).map(() => []) } }, 'names.a: expected a list of at most 64'],
      [
        { names: { a: many(LIMITS.addressesPerAnswer + 1).map(() => ({ address: '::1' })) } },
        'names.a: expected a list of at most 4096',
      ],
      [
        { network: entries(LIMITS.networkEntries + 1, (i) => [`192.0.2.1:${i + 1}`, {}]) },
        'network: at most 1024 entries',
      ],
      [{ self: many(LIMITS.self + 1).map(() => '::1') }, 'self: expected a list of at most 64'],
      [{ binds: entries(LIMITS.binds + 1, (i) => [`0.0.0.0:${i + 1}/tcp`, 'EACCES']) }, 'binds: at most 64 entries'],
      [{ config: ' '.repeat(1_048_577) }, 'config: '],
    ]
    for (const [file, message] of limits) expect(problemsOf({ config: CONFIG, ...file })[0]).toContain(message)
  })

  test.each(['names', 'network', 'binds'] as const)(
    '%s: a key that the language gives a meaning does no harm',
    (table) => {
      const file = JSON.parse(`{ "${table}": { "__proto__": { "tcp": "blackhole" } } }`) as object
      expect(Object.entries(scenarioOf(file)[table])).toEqual([])
    },
  )
})

describe('keys', () => {
  test.each([
    ['198.51.100.1', '198.51.100.1'],
    ['198.51.100.1:443', '198.51.100.1:443'],
    ['2001:DB8:0:0::1', '2001:db8::1'],
    ['[2001:DB8::1]:443', '[2001:db8::1]:443'],
    ['[fe80::1%eth0]:1', '[fe80::1%eth0]:1'],
    ['[198.51.100.1]:443', undefined],
    ['[2001:db8::1]', undefined],
    ['198.51.100.1:0', undefined],
    ['198.51.100.1:65536', undefined],
    ['198.51.100.1:', undefined],
    ['vpn.test:443', undefined],
    ['', undefined],
  ])('%j is the target %j', (text, target) => {
    expect(canonicalTarget(text)).toBe(target)
  })

  test.each([
    ['0.0.0.0:1194/udp', '0.0.0.0:1194/udp'],
    ['[0::0]:1194/tcp', '[::]:1194/tcp'],
    ['[::]:0/tcp', '[::]:0/tcp'],
    ['::/tcp', undefined],
    ['0.0.0.0/tcp', undefined],
    ['0.0.0.0:1194', undefined],
    ['0.0.0.0:1194/sctp', undefined],
  ])('%j is the bind %j', (text, bind) => {
    expect(canonicalBind(text)).toBe(bind)
  })
})
