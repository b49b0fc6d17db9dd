import { describe, expect, test } from 'vitest'
import { canonicalBind, canonicalTarget } from '../../src/sim/place.ts'
import { isPeers, parseScenario } from '../../src/sim/scenario.ts'
import { LIMITS } from '../../src/sim/world-script.ts'

const CONFIG = { remotes: [{ host: 'vpn.test' }] }

/** What is wrong with a file, a line each: `path: message`. */
function problemsOf(file: unknown): readonly string[] {
  const parsed = parseScenario(file)
  return 'problems' in parsed ? parsed.problems.map(({ path, message }) => `${path}: ${message}`) : []
}

function scenarioOf(file: object) {
  const parsed = parseScenario({ config: CONFIG, ...file })
  if ('problems' in parsed || isPeers(parsed.scenario)) throw new Error(JSON.stringify(parsed))
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
    const remotes = [{ host: 'vpn.test', port: 443, proto: 'tcp' }]
    expect(scenarioOf({ config: text }).config).toMatchObject({ mode: 'client', remotes })
  })

  test('tells every problem with its place', () => {
    expect(problemsOf({ config: 'client\nremote vpn.test 99999\nproto sctp\n' })).toEqual([
      expect.stringMatching(/^config: line 2, column 17: /),
      expect.stringMatching(/^config: line 3, column 7: /),
    ])
  })
})

describe('R9 hops of a configuration', () => {
  const hop = { kind: 'http-proxy', host: 'gate.test', port: 8080 }
  const over = (...hops: object[]) => ({ remotes: [{ host: 'vpn.test', proto: 'tcp', hops }] })

  test('are read by the plugins that are always there, in either form', () => {
    const config = 'client\nproto tcp\nremote vpn.test\nhttp-proxy gate.test 8080\n'
    for (const each of [config, over(hop)])
      expect(parseScenario({ config: each })).toMatchObject({ scenario: { config: { remotes: [{ hops: [hop] }] } } })
  })

  test('are judged by them', () => {
    expect(parseScenario({ config: over(hop, { ...hop, kind: 'tube' }) })).toMatchObject({
      problems: [
        {
          path: 'config.remotes[0].hops[1].kind',
          message: 'there is no plugin "tube" that makes hops; known: http-proxy, socks-proxy',
        },
      ],
    })
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
    [{ peers: [] }, 'peers: expected an object'],
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
    [{ tcp: { says: [{ text: 'hi' }], mute: true } }, 'tcp: "says" and "mute" contradict each other'],
    [
      { tcp: { says: [{ text: 'hi', hex: '00' }] } },
      'tcp.says[0].hex: bytes are written as "text" or as "hex", not both',
    ],
    [
      { tcp: { says: [{ hex: '0' }] } },
      'tcp.says[0].hex: bytes are written as pairs of hexadecimal digits, such as 05ff',
    ],
    [{ udp: { says: [{ text: 'hi' }] } }, 'udp: "says" is for tcp: a UDP peer has "answer"'],
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
    [
      { atMs: 1 },
      'timeline[0]: an entry has one of network, names, kill, bindError, self, from, die, links, nat, send, do',
    ],
    [
      { atMs: 1, do: 'jump' },
      'timeline[0].do: expected "stop", "start", "reject", "next", "network-changed" or "drain"',
    ],
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

describe('a server', () => {
  const SERVER = { listen: [{ proto: 'tcp', port: 1194 }] }
  const FROM = { source: '203.0.113.7:40000', to: '198.51.100.254:1194', transport: 'tcp' }
  const serverProblems = (file: object) => problemsOf({ config: SERVER, ...file })

  test('may say all this', () => {
    const { config, server, timeline } = scenarioOf({
      config: SERVER,
      server: { echo: true },
      timeline: [
        {
          atMs: 1,
          from: {
            ...FROM,
            source: '203.0.113.7:45537',
            send: 'x',
            sendAfterMs: 5,
            closeAfterMs: 9,
            count: 19_999,
            everyMs: 1,
          },
        },
        { atMs: 2, from: { source: '[2001:DB8::1]:7', to: '[2001:db8::fe]:1194', transport: 'udp' } },
        { atMs: 3, die: { listener: '[::]:1194/tcp', code: 'ENETDOWN' } },
        { atMs: 4, self: ['198.51.100.1'] },
        { atMs: 5, kill: { address: '203.0.113.7:40000', how: 'vanish' } },
        { atMs: 6, bindError: { '0.0.0.0:1194/tcp': 'EACCES' } },
        { atMs: 7, do: 'network-changed' },
        { atMs: 8, do: 'drain', graceMs: 0 },
        { atMs: 9, do: 'stop' },
      ],
    })
    expect(config).toMatchObject({ mode: 'server', listen: [{ proto: 'tcp' }], maxClients: 1024 })
    expect(server).toEqual({ echo: true })
    expect(timeline[1]).toEqual({
      atMs: 2,
      from: {
        source: { family: 'ipv6', address: '2001:db8::1', port: 7 },
        to: { family: 'ipv6', address: '2001:db8::fe', port: 1194 },
        transport: 'udp',
        count: 1,
        everyMs: 0,
      },
    })
  })

  test('answers no datagram, unless it says so', () => {
    expect(scenarioOf({ config: SERVER, server: {} }).server).toEqual({ echo: false })
    expect(scenarioOf({ config: SERVER }).server).toBeUndefined()
  })

  test.each([
    [{ ...FROM, source: 'vpn.test:1' }, '.source: this is no ADDR:PORT ([v6]:PORT)'],
    [{ ...FROM, to: '198.51.100.254:0' }, '.to: this is no ADDR:PORT ([v6]:PORT)'],
    [{ ...FROM, source: '[::1]:1' }, ': "source" and "to" are of one family'],
    [{ ...FROM, transport: 'sctp' }, '.transport: expected "tcp" or "udp"'],
    [{ ...FROM, source: '203.0.113.7:65535', count: 2 }, ': there are not so many source ports'],
    [{ ...FROM, count: 20_001 }, '.count: expected at most 20000'],
    [{ ...FROM, sendAfterMs: 1 }, ': "sendAfterMs" belongs to a "send"'],
    [
      { ...FROM, transport: 'udp', closeAfterMs: 1 },
      ': "sendAfterMs" and "closeAfterMs" are for tcp: a datagram comes',
    ],
    [{ ...FROM, send: 'x'.repeat(1201) }, '.send: expected a text of at most 1200 characters'],
  ])('a visit %j%s', (from, message) => {
    const problems = serverProblems({ timeline: [{ atMs: 1, from }] })
    expect(problems).toHaveLength(1)
    expect(problems[0]).toContain(`timeline[0].from${message}`)
  })

  test.each([
    [
      { die: { listener: '0.0.0.0/tcp', code: 'EIO' } },
      'timeline[0].die.listener: a bound endpoint is written ADDR:PORT',
    ],
    [{ die: { listener: '0.0.0.0:1/tcp', code: 'eio' } }, 'timeline[0].die.code: an error code is written as'],
    [{ self: ['me'] }, 'timeline[0].self[0]: an own address is a literal address'],
    [{ do: 'stop', graceMs: 1 }, 'timeline[0].graceMs: "graceMs" belongs to a "drain"'],
    [{ do: 'reject' }, 'timeline[0]: "reject" is for clients and peers'],
    [{ network: {} }, 'timeline[0]: "network" is for clients'],
  ])('an entry %j: %s', (entry, message) => {
    const problems = serverProblems({ timeline: [{ atMs: 1, ...entry }] })
    expect(problems).toHaveLength(1)
    expect(problems[0]).toContain(message)
  })

  test.each([
    [{ from: FROM }, 'timeline[0]: "from" is for servers and peers'],
    [{ die: { listener: '0.0.0.0:1/tcp', code: 'EIO' } }, 'timeline[0]: "die" is for servers and peers'],
    [{ do: 'drain' }, 'timeline[0]: "drain" is for servers'],
  ])('a client with %j: %s', (entry, message) => {
    expect(problemsOf({ config: CONFIG, timeline: [{ atMs: 1, ...entry }] })).toEqual([message])
  })

  test('a client has no user of a server', () => {
    expect(problemsOf({ config: CONFIG, server: {} })).toEqual(['server: "server" is for servers'])
  })

  test('has at most 20,000 visitors in all', () => {
    const timeline = [1, 2].map((atMs) => ({ atMs, from: { ...FROM, count: 10_001 } }))
    expect(serverProblems({ timeline })).toEqual(['timeline: at most 20000 clients and datagrams in all'])
  })

  test.each([0, 17])('echoes %i times: an error', (echo) => {
    expect(serverProblems({ server: { echo } })).toHaveLength(1)
  })
})
