import { afterEach, describe, expect, test, vi } from 'vitest'
import type { AnyActorRef } from 'xstate'
import { ResultSchema } from '../../src/sim/result.ts'
import type { ClientOptions, ClientRun } from '../../src/sim/client-part.ts'
import { runScenario } from '../../src/sim/run-scenario.ts'
import { type ClientScenario, type ScenarioInput, isClients, parseScenario } from '../../src/sim/scenario.ts'
import type { VirtualHandle } from '../../src/sim/wire.ts'
import { handlesOf } from '../../src/handles.ts'

afterEach(() => vi.restoreAllMocks())

function scenarioOf(input: ScenarioInput): ClientScenario {
  const parsed = parseScenario(input)
  if ('problems' in parsed || !isClients(parsed.scenario)) throw new Error(JSON.stringify(parsed))
  return parsed.scenario
}

const run = (input: ScenarioInput, options?: ClientOptions) => runScenario(scenarioOf(input), options)

/** A name with a dead address and a good one, a loss, a stop. */
const EXAMPLE: ScenarioInput = {
  config: 'client\nproto tcp\nconfirm none\nremote vpn.test 1194\n',
  names: { 'vpn.test': [{ address: '2001:db8::1' }, { address: '198.51.100.1', delayMs: 30 }] },
  network: {
    '2001:db8::1': { tcp: 'blackhole' },
    '198.51.100.1': { tcp: { connect: 20 } },
    '198.51.100.1:443': { udp: { answer: 5 } },
  },
  self: ['198.51.100.254', '2001:db8::fe'],
  timeline: [
    { atMs: 15_000, kill: { address: '198.51.100.1', how: 'reset' } },
    { atMs: 19_000, do: 'stop' },
  ],
}

const BUSY: ScenarioInput = {
  config: {
    remotes: [
      { host: '198.51.100.1', confirm: { kind: 'openvpn' } },
      { host: 'two.test', port: 443, proto: 'tcp', local: { port: 0 } },
      { host: 'lost.test', proto: 'tcp' },
    ],
    pacing: { policy: 'newest' },
  },
  seed: 7,
  names: {
    'two.test': [[{ address: '2001:db8::2' }, { address: '198.51.100.2', delayMs: 5 }], { silent: true }],
    'lost.test': { fail: 'ENOTFOUND', afterMs: 10 },
  },
  network: {
    '198.51.100.1': { udp: { refuse: 3 } },
    '198.51.100.2': { tcp: { error: 'EMFILE', times: 2, connect: 5, reset: 400 } },
    '2001:db8::2': { tcp: { unreachable: 40 } },
  },
  timeline: [
    { atMs: 2000, network: { '198.51.100.1': { udp: { answer: 10 } } } },
    { atMs: 2000, names: { 'lost.test': [{ address: '203.0.113.1' }] } },
    { atMs: 2000, do: 'network-changed' },
    { atMs: 9000, do: 'next' },
    { atMs: 9500, do: 'reject' },
    { atMs: 9600, bindError: { '0.0.0.0:0/tcp': 'EACCES' } },
    { atMs: 40_000, kill: { address: '198.51.100.1', how: 'vanish' } },
  ],
}

describe('runScenario', () => {
  test('R3 walks the addresses, is lost, comes back, is stopped: the exact trace', () => {
    const { trace, ledger, ...rest } = run(EXAMPLE)
    expect(trace.join('\n')).toBe(`\
      0 round 1 started
      0 query 1 vpn.test ipv4 ipv6 started
     30 query 1 answered 2001:db8::1 198.51.100.1
     30 attempt 1 tcp [2001:db8::1]:1194 started
     30 attempt 1 opened
  10030 attempt 1 failed TIMEOUT at connect
  10030 attempt 2 tcp 198.51.100.1:1194 started
  10030 attempt 2 opened
  10050 attempt 2 connected from 198.51.100.254:49153
  10050 attempt 2 won unconfirmed
  15000 attempt 2 lost ECONNRESET at connected
  15000 round 1 failed
  15000 backoff 1086 ms after 1 failed
  16086 round 2 started
  16086 query 2 vpn.test ipv4 ipv6 started
  16116 query 2 answered 2001:db8::1 198.51.100.1
  16116 attempt 3 tcp [2001:db8::1]:1194 started
  16116 attempt 3 opened
  19000 client stopped`)
    expect(rest).toEqual({
      outcome: 'connected',
      atMs: 10_050,
      winner: {
        attempt: 2,
        remote: { index: 0, host: 'vpn.test', port: 1194 },
        candidate: { transport: 'tcp', family: 'ipv4', address: '198.51.100.1', port: 1194 },
        local: { family: 'ipv4', address: '198.51.100.254', port: 49_153 },
      },
    })
    expect(ledger.map(({ attempt, outcome }) => [attempt, outcome])).toEqual([
      [1, 'failed'],
      [2, 'failed'],
      [3, 'cancelled'],
    ])
  })

  test.each([
    ['EXAMPLE', EXAMPLE],
    ['BUSY', BUSY],
  ])('%s gives a result of the schema, the same every time, through JSON too', (_, input) => {
    const result = run(input)
    expect(ResultSchema.parse(JSON.parse(JSON.stringify(result)))).toEqual(JSON.parse(JSON.stringify(result)))
    expect(JSON.stringify(run(input))).toBe(JSON.stringify(result))
  })

  test('is pending when nothing has come of it by the end; what happens at the end still counts', () => {
    const input: ScenarioInput = {
      config: { remotes: [{ host: '198.51.100.1', proto: 'tcp' }] },
      network: { '198.51.100.1': { tcp: { connect: 100 } } },
    }
    expect(run({ ...input, untilMs: 99 })).toMatchObject({
      outcome: 'pending',
      atMs: 99,
      ledger: [{ outcome: 'open' }],
    })
    expect(run({ ...input, untilMs: 100 })).toMatchObject({ outcome: 'connected', atMs: 100 })
  })

  test('fails with the reason when the client gives up', () => {
    const result = run({
      config: { remotes: [{ host: '198.51.100.1', proto: 'tcp' }], connectRetryMax: 1 },
      network: { '198.51.100.1': { tcp: { refuse: 3 } } },
    })
    expect(result).toMatchObject({ outcome: 'failed', atMs: 3, failure: { code: 'EXHAUSTED' } })
    expect(result.winner).toBeUndefined()
  })

  test('a connected() answer in the very instant of the deadline counts', () => {
    const config = {
      remotes: [{ host: '198.51.100.1', proto: 'tcp' as const, connectTimeout: 100 }],
      connectRetryMax: 1,
    }
    const outcome = (connect: number) => run({ config, network: { '198.51.100.1': { tcp: { connect } } } }).outcome
    expect([outcome(100), outcome(101)]).toEqual(['connected', 'failed'])
  })

  test('the start comes before the script, and the script before the network', () => {
    const config = { remotes: [{ host: '198.51.100.1', proto: 'tcp' as const }] }
    const network = { '198.51.100.1': { tcp: { connect: 20 } } }
    expect(run({ config, network, timeline: [{ atMs: 0, do: 'stop' }] }).trace).toEqual([
      '      0 round 1 started',
      '      0 attempt 1 tcp 198.51.100.1:1194 started',
      '      0 client stopped',
    ])
    expect(run({ config, network, timeline: [{ atMs: 20, do: 'stop' }] })).toMatchObject({
      outcome: 'stopped',
      atMs: 20,
    })
  })

  test('a command after the end does nothing', () => {
    const result = run({ ...EXAMPLE, timeline: [19_000, 19_000].map((atMs) => ({ atMs, do: 'stop' as const })) })
    expect(result.trace.filter((line) => line.includes('stopped'))).toHaveLength(1)
  })

  test('rejects the connection that is held, and nothing else', () => {
    const config = { remotes: [{ host: '198.51.100.1', proto: 'tcp' as const }] }
    const network = { '198.51.100.1': { tcp: { connect: 20 } } }
    const { trace } = run({
      config,
      network,
      timeline: [10, 500].map((atMs) => ({ atMs, do: 'reject' as const })),
      untilMs: 600,
    })
    expect(trace.slice(2, 6)).toEqual([
      '      0 attempt 1 opened',
      '     20 attempt 1 connected from 198.51.100.254:49152',
      '     20 attempt 1 won unconfirmed',
      '    500 attempt 1 lost REJECTED at connected',
    ])
  })

  test('R4 a candidate that is confirmed wins only then', () => {
    const { trace } = run({
      config: { remotes: [{ host: '198.51.100.1', confirm: { kind: 'reply', text: 'ping' } }] },
      network: { '198.51.100.1': { udp: { answer: 1500 } } },
    })
    expect(trace.slice(2)).toEqual([
      '      0 attempt 1 opened',
      '      0 attempt 1 connected from 198.51.100.254:49152',
      '   1500 attempt 1 confirmed after 2 sent 1 received',
      '   1500 attempt 1 won',
    ])
  })

  test('S8 a shortage of our own is tried again within the attempt', () => {
    const { trace } = run({
      config: { remotes: [{ host: '198.51.100.1', proto: 'tcp' }] },
      network: { '198.51.100.1': { tcp: { error: 'EMFILE', times: 2, connect: 5 } } },
    })
    expect(trace.slice(1)).toEqual([
      '      0 attempt 1 tcp 198.51.100.1:1194 started',
      '    300 attempt 1 opened',
      '    305 attempt 1 connected from 198.51.100.254:49152',
      '    305 attempt 1 won unconfirmed',
    ])
  })

  test('released, the winner is handed over and the client ends', () => {
    const { outcome, trace } = run(EXAMPLE, { release: true })
    expect(outcome).toBe('connected')
    expect(trace.at(-1)).toBe('  10050 attempt 2 won unconfirmed')
  })

  test('the largest configuration may be refused in one instant', () => {
    const many = <T>(n: number, of: (i: number) => T) => Array.from({ length: n }, (_, i) => of(i))
    const hosts = many(64, (i) => `h${i}.test`)
    const { outcome, atMs } = run({
      config: { remotes: hosts.map((host) => ({ host, proto: 'tcp' })), connectRetryMax: 1 },
      names: Object.fromEntries(
        hosts.map((host, i) => [
          host,
          many(25, (j) => ({ address: j < 16 ? `192.0.2.${16 * (i % 16) + j}` : `198.51.100.${j}` })),
        ]),
      ),
      network: Object.fromEntries(
        [...many(256, (i) => `192.0.2.${i}`), ...many(25, (j) => `198.51.100.${j}`)].map((address) => {
          return [address, { tcp: { refuse: 0 } }]
        }),
      ),
    })
    expect([outcome, atMs]).toEqual(['failed', 0])
  })

  test('a long trace keeps its newest lines', () => {
    const result = run({
      config: { remotes: [{ host: '198.51.100.1', proto: 'tcp' }], connectRetry: { min: 1000, max: 1000 } },
      network: { '198.51.100.1': { tcp: { refuse: 0 } } },
      untilMs: 3_000_000,
    })
    expect(result.trace).toHaveLength(10_000)
    expect(Number.parseInt(result.trace[0] ?? '', 10)).toBeGreaterThan(0)
    expect(Number.parseInt(result.trace.at(-1) ?? '', 10)).toBeGreaterThan(2_990_000)
  })
})

describe('hooks', () => {
  test('see the start and each step, and may stop the client after any of them: nothing is left', () => {
    for (const input of [EXAMPLE, BUSY]) {
      let steps = 0
      run(input, { afterStep: (index) => (steps = index) })
      expect(steps).toBeGreaterThan(8)
      for (let stopAt = 0; stopAt <= steps; stopAt++) {
        const { trace } = run(input, { afterStep: (index, { command }) => index === stopAt && command('stop') })
        expect(trace.filter((line) => line.includes('client stopped'))).toHaveLength(1)
        expect(trace.at(-1)).toContain('client stopped')
      }
    }
  })

  test('may stop the client from inside any note: nothing is left', () => {
    // XState's development build says so when a child ends in the very step in which its root was stopped.
    vi.spyOn(console, 'warn').mockImplementation(() => {})
    for (const input of [EXAMPLE, BUSY]) {
      const notes = run(input).trace.length
      for (let stopAt = 1; stopAt < notes; stopAt++) {
        let seen = 0
        const { trace } = run(input, { onNote: (_, { command }) => ++seen === stopAt && command('stop') })
        expect(trace.at(-1)).toContain('client stopped')
      }
    }
  })

  test('may run another scenario in between', () => {
    const alone = run(EXAMPLE)
    const inner: unknown[] = []
    const outer = run(EXAMPLE, { afterStep: (index) => index % 5 === 0 && inner.push(run(BUSY)) })
    expect(outer).toEqual(alone)
    expect(inner.length).toBeGreaterThan(1)
  })

  test('the inspector hears XState itself', () => {
    const types = new Set<string>()
    run(EXAMPLE, { inspect: ({ type }) => types.add(type) })
    expect(types).toContain('@xstate.snapshot')
  })
})

describe('leaks are found', () => {
  const leaking = (leak: NonNullable<ClientOptions['afterStep']>) => () =>
    run(EXAMPLE, { afterStep: (index, hooks) => index === 1 && leak(index, hooks) })

  test('a socket', () => {
    const remote = { family: 'ipv6', address: '2001:db8::9', port: 9 } as const
    const socket = { attempt: 77, transport: 'udp', remote, released: false, kill: () => {} } as const
    expect(leaking((_, { world }) => world.network.enter(socket))).toThrow(
      'left behind after the end: the udp socket of attempt 77 to [2001:db8::9]:9',
    )
  })

  test('a timer', () => {
    expect(leaking((_, { world }) => world.clock.setTimeout(() => {}, 1e8))).toThrow('after the end: 1 timers')
  })

  test('a result', () => {
    expect(leaking((_, { world }) => world.clock.at(1e8, 1, () => {}))).toThrow('after the end: 1 results on their way')
  })

  test('a query', () => {
    expect(leaking((_, { world }) => world.names.begin())).toThrow('after the end: 1 queries')
  })

  test('a handle', () => {
    const input = scenarioOf(EXAMPLE)
    let system: object | undefined
    const options: ClientOptions = {
      inspect: ({ actorRef }) => (system = (actorRef as AnyActorRef).system),
      afterStep: (index) => {
        const socket = { handle: {} as VirtualHandle, send: () => {}, accept: () => {}, close: () => {} }
        if (index === 1 && system) handlesOf(system).set(99, socket)
      },
    }
    expect(() => runScenario(input, options)).toThrow('after the end: 1 handles in the registry')
  })
})

describe('bugs come out as they are', () => {
  const boom = () => {
    throw new Error('boom')
  }

  test('a throw of a hook, after a step or in the midst of the machine', () => {
    expect(() => run(EXAMPLE, { afterStep: boom })).toThrow('boom')
    expect(() => run(EXAMPLE, { onNote: boom })).toThrow('boom')
  })

  test('a throw of a machine', () => {
    const scenario = scenarioOf(EXAMPLE)
    const config = { ...scenario.config, remotes: [null] } as unknown as ClientScenario['config']
    expect(() => runScenario({ ...scenario, config })).toThrow(TypeError)
  })

  test('a loop that takes no time', () => {
    const loop = (index: number, { world: { clock } }: ClientRun) => {
      const again = () => void clock.at(0, 0, again)
      if (index === 0) again()
    }
    expect(() => run(EXAMPLE, { afterStep: loop })).toThrow('something loops without taking time')
  })
})
