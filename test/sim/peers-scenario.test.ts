import { describe, expect, test } from 'vitest'
import { isPeers, parseScenario } from '../../src/sim/scenario.ts'

const A = { config: 'mode p2p\nproto udp\nremote b.test\n', self: ['198.51.100.1'] }
const B = { config: { mode: 'p2p', sockets: 'all', listen: {} }, self: ['203.0.113.1'] }
const PEERS = { a: A, b: B }

function problemsOf(file: object): readonly string[] {
  const parsed = parseScenario({ peers: PEERS, ...file })
  return 'problems' in parsed ? parsed.problems.map(({ path, message }) => `${path}: ${message}`) : []
}

function scenarioOf(file: object) {
  const parsed = parseScenario({ peers: PEERS, ...file })
  if ('problems' in parsed || !isPeers(parsed.scenario)) throw new Error(JSON.stringify(parsed))
  return parsed.scenario
}

describe('a good file of two peers', () => {
  test('needs a configuration and an own address of each; the rest has defaults', () => {
    expect(scenarioOf({})).toMatchObject({
      seed: 1,
      links: [],
      nat: {},
      peers: {
        a: { config: { mode: 'p2p', sockets: 'all' }, binds: {}, startMs: 0 },
        b: { config: { mode: 'p2p', waits: false }, binds: {}, startMs: 0 },
      },
      untilMs: 60_000,
    })
  })

  test('may say all this', () => {
    const { links, nat, timeline } = scenarioOf({
      peers: { a: { ...A, seed: 7, startMs: 25_000, binds: { '0.0.0.0:1194/udp': 'EADDRINUSE' } }, b: B },
      names: { 'b.test': [{ address: '203.0.113.1' }] },
      links: [{ from: 'a' }, { from: 'b', family: 'ipv6', latencyMs: 90, dead: true, lose: [0, 1] }],
      nat: { a: { '198.51.100.1:1194': '192.0.2.7:40000' }, b: {} },
      timeline: [
        { atMs: 1, links: [{ from: 'b' }] },
        { atMs: 2, nat: { a: {} } },
        { atMs: 3, send: { peer: 'a', text: 'hello' } },
        { atMs: 4, do: 'start', peer: 'b' },
        { atMs: 5, from: { source: '192.0.2.9:1', to: '198.51.100.1:1194', transport: 'udp', hex: '00ff' } },
        {
          atMs: 5,
          from: {
            source: '192.0.2.9:1',
            to: '198.51.100.1:1194',
            transport: 'udp',
            replay: { peer: 'b', datagram: 3 },
          },
        },
        { atMs: 6, peer: 'a', die: { listener: '0.0.0.0:1194/udp', code: 'ENETDOWN' } },
        { atMs: 6, peer: 'a', bindError: {} },
        { atMs: 6, peer: 'a', self: [] },
        { atMs: 7, kill: { address: '203.0.113.1', how: 'reset' } },
        { atMs: 7, names: {} },
      ],
    })
    expect(links).toEqual([
      { from: 'a', latencyMs: 5, dead: false, lose: [] },
      { from: 'b', family: 'ipv6', latencyMs: 90, dead: true, lose: [0, 1] },
    ])
    expect(nat).toEqual({ a: { '198.51.100.1:1194': '192.0.2.7:40000' }, b: {} })
    expect(timeline).toHaveLength(11)
  })
})

describe('a bad file of two peers', () => {
  test.each<[object, string]>([
    [{ config: A.config }, ': there is no "config" here'],
    [{ network: {} }, ': there is no "network" here'],
    [{ peers: { a: A } }, 'peers.b: expected an object'],
    [{ peers: { ...PEERS, c: A } }, 'peers: there is no "c" here'],
    [{ peers: { a: A, b: { ...B, self: [] } } }, 'peers.b.self: expected a list of at least 1'],
    [{ peers: { a: A, b: { ...B, self: ['me'] } } }, 'peers.b.self[0]: an own address is a literal address'],
    [
      { peers: { a: A, b: { ...B, self: ['203.0.113.1', '198.51.100.1'] } } },
      'peers.b.self[1]: this is an address of the other peer, too',
    ],
    [
      { peers: { a: { ...A, config: 'client\nremote b.test\n' }, b: B } },
      'peers.a.config: this is a client\'s configuration: peers have "mode p2p"',
    ],
    [
      { peers: { a: { ...A, config: 'mode p2p\nproto tcp\nremote b.test\n' }, b: B } },
      'peers.a.config: line 2, column 7: "tcp" does not say which peer waits',
    ],
    [{ links: [{ from: 'c' }] }, 'links[0].from: expected "a" or "b"'],
    [{ links: [{ from: 'a', lose: [2] }] }, 'links[0].lose[0]: expected 0 or 1'],
    [{ links: [{ from: 'a', loose: [1] }] }, 'links[0]: there is no "loose" here'],
    [{ nat: { a: [] } }, 'nat.a: mappings are written {'],
    [{ nat: { c: {} } }, 'nat'],
    [{ nat: { a: { '198.51.100.1': '192.0.2.7:1' } } }, 'nat.a["198.51.100.1"]: this is no ADDR:PORT ([v6]:PORT)'],
    [{ nat: { a: { '198.51.100.1:0': '192.0.2.7:1' } } }, 'nat.a["198.51.100.1:0"]: this is no ADDR:PORT ([v6]:PORT)'],
    [{ nat: { a: { '198.51.100.1:1': '192.0.2.7' } } }, 'nat.a["198.51.100.1:1"]: this is no ADDR:PORT ([v6]:PORT)'],
  ])('%j: %s', (file, message) => {
    const problems = problemsOf(file)
    expect(problems).toHaveLength(1)
    expect(problems[0]).toContain(message)
  })

  const FROM = { source: '192.0.2.9:1', to: '198.51.100.1:1194', transport: 'udp' }

  test.each<[object, string]>([
    [{ do: 'stop' }, ': "do" needs a "peer", "a" or "b"'],
    [{ self: [] }, ': "self" needs a "peer", "a" or "b"'],
    [{ bindError: {} }, ': "bindError" needs a "peer"'],
    [{ die: { listener: '0.0.0.0:1/udp', code: 'EIO' } }, ': "die" needs a "peer"'],
    [{ do: 'stop', peer: 'c' }, '.peer: expected "a" or "b"'],
    [{ do: 'drain', peer: 'a' }, ': "drain" is for servers'],
    [{ network: {} }, ': "network" is for clients'],
    [{ send: { peer: 'a', text: '' } }, '.send.text: expected a text of at least 1'],
    [{ send: { text: 'x' } }, '.send.peer: expected "a" or "b"'],
    [{ from: { ...FROM, hex: '0' } }, '.from.hex: bytes are written in hexadecimal, as in 00ff'],
    [{ from: { ...FROM, transport: 'tcp', hex: '00' } }, '.from: "hex" and "replay" are for udp'],
    [{ from: { ...FROM, send: 'x', hex: '00' } }, '.from: "send", "hex" and "replay" are three ways to say the same'],
    [{ from: { ...FROM, replay: { peer: 'a', datagram: 0 } } }, '.from.replay.datagram: expected at least 1'],
  ])('an entry %j: %s', (entry, message) => {
    const problems = problemsOf({ timeline: [{ atMs: 1, ...entry }] })
    expect(problems).toHaveLength(1)
    expect(problems[0]).toContain(`timeline[0]${message}`)
  })
})

describe('what belongs to peers, of one alone', () => {
  const CLIENT = { config: { remotes: [{ host: 'vpn.test' }] } }
  const SERVER = { config: { listen: [{}] } }

  test.each<[object, string]>([
    [{ config: A.config }, 'config: a peer needs another: write "peers": { "a": ..., "b": ... }'],
    [{ ...CLIENT, timeline: [{ atMs: 1, do: 'start' }] }, 'timeline[0]: "start" is for peers'],
    [{ ...SERVER, timeline: [{ atMs: 1, links: [] }] }, 'timeline[0]: "links" is for peers'],
    [{ ...SERVER, timeline: [{ atMs: 1, nat: {} }] }, 'timeline[0]: "nat" is for peers'],
    [{ ...CLIENT, timeline: [{ atMs: 1, send: { peer: 'a', text: 'x' } }] }, 'timeline[0]: "send" is for peers'],
    [{ ...CLIENT, timeline: [{ atMs: 1, do: 'stop', peer: 'a' }] }, 'timeline[0]: "peer" is for peers'],
  ])('%j: %s', (file, message) => {
    const parsed = parseScenario(file)
    expect('problems' in parsed && parsed.problems.map(({ path, message }) => `${path}: ${message}`)).toEqual([message])
  })
})
