import { afterEach, describe, expect, test, vi } from 'vitest'
import { Internet } from '../../src/sim/internet.ts'
import type { PeersHooks, PeersRun } from '../../src/sim/play-peers.ts'
import { PeersResultSchema } from '../../src/sim/result.ts'
import { runScenario } from '../../src/sim/run-scenario.ts'
import { type PeersInput, type PeersScenario, isPeers, parseScenario } from '../../src/sim/scenario.ts'

afterEach(() => vi.restoreAllMocks())

function scenarioOf(input: PeersInput): PeersScenario {
  const parsed = parseScenario(input)
  if ('problems' in parsed || !isPeers(parsed.scenario)) throw new Error(JSON.stringify(parsed))
  return parsed.scenario
}

const run = (input: PeersInput, hooks?: PeersHooks) => runScenario(scenarioOf(input), hooks)

const A = '198.51.100.1'
const B = '203.0.113.1'
const config = (remote: string) => `mode p2p\nproto udp\nipv4\nremote ${remote}\n`
const PEERS: PeersInput['peers'] = {
  a: { config: config(B), self: [A] },
  b: { config: config(A), self: [B] },
}

/** They meet, one starts anew, strangers come, and one stops. */
const BUSY: PeersInput = {
  peers: { ...PEERS, b: { ...PEERS.b, startMs: 3000 } },
  timeline: [
    { atMs: 4000, send: { peer: 'a', text: 'hello' } },
    { atMs: 5000, do: 'stop', peer: 'b' },
    { atMs: 6000, do: 'start', peer: 'b' },
    { atMs: 7000, from: { source: '192.0.2.9:1', to: `${A}:1194`, transport: 'udp', hex: 'ff', count: 2, everyMs: 5 } },
    { atMs: 8000, send: { peer: 'b', text: 'again' } },
    { atMs: 9000, do: 'stop', peer: 'a' },
  ],
  untilMs: 10_000,
}

describe('two peers in a scenario', () => {
  test('each has its result, in the time of the scenario, whenever it was started', () => {
    const { peers } = run(BUSY)
    expect(peers.a).toMatchObject({
      outcome: 'connected',
      atMs: 3020,
      winner: { attempt: 1, candidate: { address: B, port: 1194 } },
      inbox: [{ atMs: 8005, text: 'again' }],
      strangers: 2,
      listeners: [{ state: 'closed' }],
    })
    expect(peers.b).toMatchObject({ outcome: 'connected', atMs: 3015, listeners: [{ state: 'bound' }] })
    expect(peers.b.inbox).toEqual([{ atMs: 4005, text: 'hello' }])
    expect(peers.b.trace.filter((line) => / (?:won|stopped)/.test(line))).toEqual([
      '   3015 attempt 1 won',
      '   5000 client stopped',
      '   5000 peer stopped',
      '   6010 attempt 1 won',
    ])
    // Of the last life.
    expect(peers.b.ledger.map(({ startedAt, stages, outcome }) => [startedAt, stages.confirmed, outcome])).toEqual([
      [6000, 6010, 'won'],
    ])
  })

  test('give a result of the schema, the same every time, through JSON too', () => {
    const result = run(BUSY)
    expect(PeersResultSchema.parse(JSON.parse(JSON.stringify(result)))).toEqual(result)
    expect(JSON.stringify(run(BUSY))).toBe(JSON.stringify(result))
  })

  test('are pending, or listening, as long as nobody was met', () => {
    const { peers } = run({
      peers: { a: { config: 'mode p2p\nproto udp-server\n', self: [A] }, b: { ...PEERS.b, startMs: 50_000 } },
      untilMs: 40_000,
    })
    expect(peers.a).toMatchObject({ outcome: 'listening', atMs: 40_000 })
    expect(peers.b).toMatchObject({ outcome: 'pending', atMs: 40_000, trace: [], ledger: [], listeners: [] })
  })

  test('P4 swapping their seeds swaps their traces', () => {
    const seeded = (a: number, b: number) =>
      run({ peers: { a: { ...PEERS.a, seed: a }, b: { ...PEERS.b, seed: b } }, untilMs: 30_000 }).peers
    const withoutAddresses = (trace: readonly string[]) =>
      trace.map((line) => line.replace(/\d+\.\d+\.\d+\.\d+/g, 'IP'))
    for (const [one, other] of [
      [1, 2],
      [7, 4],
    ] as const) {
      const [straight, swapped] = [seeded(one, other), seeded(other, one)]
      expect(withoutAddresses(straight.a.trace)).toEqual(withoutAddresses(swapped.b.trace))
      expect(withoutAddresses(straight.b.trace)).toEqual(withoutAddresses(swapped.a.trace))
    }
  })

  test('have seeds of their own by default, and another one for each life', () => {
    const ids = (input: PeersInput) => {
      const found: string[] = []
      const send = vi.spyOn(Internet.prototype, 'send')
      run(input)
      for (const [, , , bytes] of send.mock.calls) found.push(bytes.slice(8, 16).join(' '))
      send.mockRestore()
      return new Set(found)
    }
    const restarted: PeersInput = {
      ...BUSY,
      timeline: BUSY.timeline?.filter((entry) => 'do' in entry) ?? [],
    }
    expect(ids(restarted).size).toBe(3)
    expect(new Set([...ids({ ...restarted, seed: 5 }), ...ids(restarted)]).size).toBe(6)
  })
})

describe('what befalls them', () => {
  test.each<[string, PeersInput['timeline']]>([
    ['a start of one that runs', [{ atMs: 100, do: 'start', peer: 'a' }]],
    [
      'commands to one that has ended',
      (['stop', 'stop', 'next', 'reject', 'network-changed'] as const).map((word) => ({
        atMs: 60_000,
        do: word,
        peer: 'b',
      })),
    ],
    [
      'a replay of what was never sent',
      [
        {
          atMs: 100,
          from: { source: '192.0.2.9:1', to: `${A}:1194`, transport: 'udp', replay: { peer: 'b', datagram: 900 } },
        },
      ],
    ],
    ['a reject of nothing', [{ atMs: 1, do: 'reject', peer: 'a' }]],
    ['something to send, and nobody to send it to', [{ atMs: 1, send: { peer: 'a', text: 'x' } }]],
    [
      'what one sends that has ended',
      [
        { atMs: 60_000, do: 'stop', peer: 'a' },
        { atMs: 60_000, send: { peer: 'a', text: 'x' } },
      ],
    ],
    [
      'a client of TCP where nobody listens',
      [{ atMs: 100, from: { source: '192.0.2.9:1', to: `${A}:1194`, transport: 'tcp' } }],
    ],
  ])('%s changes nothing', (_, timeline = []) => {
    const withoutStops = ({ peers }: ReturnType<typeof run>) => [
      peers.a.trace.filter((line) => !line.startsWith('  60000')),
      peers.b.trace.filter((line) => !line.startsWith('  60000')),
      peers.a.inbox,
      peers.b.inbox,
    ]
    expect(withoutStops(run({ peers: PEERS, timeline }))).toEqual(withoutStops(run({ peers: PEERS })))
  })

  test("names are shared; own addresses and binds are each one's", () => {
    const { peers } = run({
      peers: {
        a: { config: 'mode p2p\nproto udp\nipv4\nremote b.test\nconnect-timeout 2\n', self: [A] },
        b: { config: config(A), self: [B], binds: { '0.0.0.0:1194/udp': 'EACCES' }, startMs: 1000 },
      },
      timeline: [
        { atMs: 1500, names: { 'b.test': [{ address: B }] } },
        { atMs: 1500, peer: 'b', bindError: { '0.0.0.0:1194/udp': null } },
        { atMs: 1500, peer: 'a', self: [A, '198.51.100.2'] },
        { atMs: 2000, do: 'start', peer: 'b' },
      ],
      untilMs: 9000,
    })
    expect(peers.b).toMatchObject({ outcome: 'failed', atMs: 1000, failure: { code: 'EACCES' } })
    expect(peers.b.trace.at(-1)).toMatch(/ won$/)
    expect(peers.a.outcome).toBe('connected')
  })
})

describe('hooks', () => {
  test('see every callback of the clock, and every note with its side', () => {
    const steps: number[] = []
    const told: string[] = []
    const { peers } = run(
      { peers: PEERS, untilMs: 100 },
      {
        afterStep: (index) => steps.push(index),
        onNote: ({ type }, { world, ledger, roster }) =>
          told.push(`${world.name} ${type} ${ledger.counters.attempts} ${roster.listeners.length}`),
      },
    )
    expect(steps.slice(0, 3)).toEqual([0, 1, 2])
    expect(told.filter((line) => line.includes('won'))).toEqual(['b attempt.won 1 1', 'a attempt.won 1 1'])
    expect(told).toHaveLength(peers.a.trace.length + peers.b.trace.length)
  })

  test('may stop a side in the midst of anything', () => {
    const { peers } = run(
      { peers: PEERS },
      { onNote: ({ type }, side) => type === 'attempt.won' && side.command('stop') },
    )
    for (const side of [peers.a, peers.b]) expect(side.trace.at(-1)).toMatch(/peer stopped$/)
  })

  test('are told by XState, too', () => {
    const kinds = new Set<string>()
    run({ peers: PEERS, untilMs: 100 }, { inspect: ({ type }) => kinds.add(type) })
    expect(kinds).toContain('@xstate.event')
  })

  test('may run another scenario in between', () => {
    const alone = run(BUSY)
    let inner: ReturnType<typeof run> | undefined
    const outer = run(BUSY, { afterStep: (index) => index === 20 && (inner = run(BUSY)) })
    expect([inner, outer]).toEqual([alone, alone])
  })

  test('that throw are heard, and nothing is left running', () => {
    const fail = () => {
      throw new Error('mine')
    }
    expect(() => run({ peers: PEERS }, { onNote: fail })).toThrow('mine')
    expect(() => run({ peers: PEERS }, { afterStep: fail })).toThrow('mine')
    expect(run({ peers: PEERS }).peers.a.outcome).toBe('connected')
  })

  test('a leak throws', () => {
    const leak = ({ a }: PeersRun) => a.world.names.begin()
    expect(() => run({ peers: PEERS, untilMs: 100 }, { afterStep: (index, run) => index === 0 && leak(run) })).toThrow(
      'left behind after the end: 1 queries',
    )
  })
})
