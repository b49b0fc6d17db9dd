import { afterEach, describe, expect, test, vi } from 'vitest'
import type { AnyActorRef } from 'xstate'
import type { DockSocket, Guest } from '../../src/dock.ts'
import { guestsOf, listenersOf } from '../../src/handles.ts'
import type { ServerOptions } from '../../src/sim/server-part.ts'
import { ResultSchema } from '../../src/sim/result.ts'
import { runScenario } from '../../src/sim/run-scenario.ts'
import { type ScenarioInput, type ServerScenario, isPeers, isServers, parseScenario } from '../../src/sim/scenario.ts'

afterEach(() => vi.restoreAllMocks())

function scenarioOf(input: ScenarioInput): ServerScenario {
  const parsed = parseScenario(input)
  if ('problems' in parsed || !isServers(parsed.scenario)) throw new Error(JSON.stringify(parsed))
  return parsed.scenario
}

const run = (input: ScenarioInput, options?: ServerOptions) => runScenario(scenarioOf(input), options)

const OWN = '198.51.100.254'

/** Two blocks, clients of both, a death, a drain whose grace ends. */
const BUSY: ScenarioInput = {
  config:
    'mode server\n<listen>\nproto tcp\nlocal srv.test\n</listen>\n<listen>\nproto udp\nipv4\n</listen>\nmax-clients 3\n',
  names: { 'srv.test': [{ address: OWN }, { address: '2001:db8::fe', delayMs: 5 }] },
  server: { echo: true },
  timeline: [
    { atMs: 100, from: { source: '203.0.113.7:40000', to: `${OWN}:1194`, transport: 'tcp', count: 4, everyMs: 10 } },
    { atMs: 200, kill: { address: '203.0.113.7:40000', how: 'fin' } },
    { atMs: 5000, from: { source: '203.0.113.7:40000', to: `${OWN}:1194`, transport: 'udp', send: 'x', count: 2 } },
    { atMs: 6000, die: { listener: `${OWN}:1194/tcp`, code: 'ENETDOWN' } },
    { atMs: 7000, do: 'network-changed' },
    { atMs: 20_000, do: 'drain', graceMs: 5000 },
  ],
}

describe('a server in a scenario', () => {
  test('listens, lets in, loses, binds again, drains: the exact result', () => {
    const { trace, ...rest } = run(BUSY)
    expect(trace.join('\n')).toBe(`\
      0 query 1 srv.test ipv4 ipv6 started
      0 listener 2 udp 0.0.0.0:1194 started
      0 listener 2 bound to 0.0.0.0:1194
      5 query 1 answered 198.51.100.254 2001:db8::fe
      5 listener 1 tcp 198.51.100.254:1194 started
      5 listener 3 tcp [2001:db8::fe]:1194 started
      5 listener 1 bound to 198.51.100.254:1194
      5 listener 3 bound to [2001:db8::fe]:1194
      5 server listening on 3
    100 peer 1 from 203.0.113.7:40000 accepted by listener 1
    110 peer 2 from 203.0.113.7:40001 accepted by listener 1
    120 peer 3 from 203.0.113.7:40002 accepted by listener 1
    130 peer from 203.0.113.7:40003 refused by listener 1 MAX_CLIENTS at accept
    200 peer 1 closed
   5000 peer 4 from 203.0.113.7:40000 accepted by listener 2
   5000 peer from 203.0.113.7:40001 refused by listener 2 MAX_CLIENTS at accept
   6000 listener 1 lost ENETDOWN at accept
   6000 listener 1 again in 1061 ms
   7000 network changed
   7061 listener 1 tcp 198.51.100.254:1194 started
   7061 listener 1 bound to 198.51.100.254:1194
  20000 server draining
  20000 listener 1 closed
  20000 listener 3 closed
  20000 listener 2 closed
  20000 peer 4 closed
  25000 peer 2 dropped GRACE at accept
  25000 peer 3 dropped GRACE at accept
  25000 server stopped`)
    expect(rest).toMatchObject({
      outcome: 'listening',
      atMs: 5,
      ledger: [],
      listeners: [
        { listener: 2, block: 1, transport: 'udp', state: 'closed', local: null },
        { listener: 1, block: 0, transport: 'tcp', state: 'closed', local: null },
        { listener: 3, block: 0, transport: 'tcp', state: 'closed', local: null },
      ],
      counters: { accepted: 4, live: 0, refused: 2, dropped: 2, closed: 2 },
      sent: 1,
    })
  })

  test('gives a result of the schema, the same every time, through JSON too', () => {
    const result = run(BUSY)
    expect(ResultSchema.parse(JSON.parse(JSON.stringify(result)))).toEqual(result)
    expect(JSON.stringify(run(BUSY))).toBe(JSON.stringify(result))
  })

  test('shows its listeners as they are at the end of the scenario', () => {
    const { listeners, counters } = run({ ...BUSY, untilMs: 6500 })
    expect(listeners?.map(({ listener, state, local }) => [listener, state, local?.port])).toEqual([
      [2, 'bound', 1194],
      [1, 'waiting', undefined],
      [3, 'bound', 1194],
    ])
    expect(counters).toMatchObject({ accepted: 4, live: 3 })
  })

  test('is pending as long as a block was not tried', () => {
    expect(run({ ...BUSY, untilMs: 4 })).toMatchObject({ outcome: 'pending', atMs: 4, listeners: [{ state: 'bound' }] })
  })

  test('fails with the reason when nothing can be served', () => {
    const result = run({ config: { listen: [{ proto: 'tcp', host: '203.0.113.1' }] } })
    expect(result).toMatchObject({
      outcome: 'failed',
      atMs: 0,
      failure: { code: 'EADDRNOTAVAIL', stage: 'bind' },
      listeners: [{ state: 'closed' }],
    })
  })

  test('a command after the end does nothing', () => {
    // XState's development build writes there of events that nobody is there for.
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {})
    const { trace } = run(BUSY, { afterStep: (_, { command }) => command('stop') })
    const again = run(BUSY, {
      afterStep: (_, { command }) => {
        for (const one of ['stop', 'stop', 'drain', 'network-changed'] as const) command(one)
      },
    })
    expect(trace.at(-1)).toBe('      0 server stopped')
    expect(again.trace).toEqual(trace)
    expect(warn).not.toHaveBeenCalled()
  })

  test('a drain has a grace of 30 s, unless it says otherwise', () => {
    const end = (graceMs?: number) =>
      run({
        ...BUSY,
        timeline: [
          ...BUSY.timeline!.slice(0, 1),
          { atMs: 1000, do: 'drain', ...(graceMs !== undefined && { graceMs }) },
        ],
      }).trace.at(-1)
    expect([end(), end(0), end(7)]).toEqual([
      '  31000 server stopped',
      '   1000 server stopped',
      '   1007 server stopped',
    ])
  })

  test('V3 of 20,000 clients that come in one instant 1,024 are let in, and each of the others is refused', () => {
    const from = { source: '203.0.113.7:1024', to: `${OWN}:1194`, transport: 'tcp', count: 20_000 } as const
    const { counters } = run({ config: { listen: [{ proto: 'tcp', host: OWN }] }, timeline: [{ atMs: 1, from }] })
    expect(counters).toEqual({ accepted: 1024, live: 1024, refused: 18_976, dropped: 0, closed: 0 })
  })

  test('20,000 clients may come and be dropped in one instant', () => {
    const from = {
      source: '203.0.113.7:1024',
      to: `${OWN}:1194`,
      transport: 'tcp',
      count: 20_000,
      closeAfterMs: 9,
    } as const
    const { counters } = run({
      config: { listen: [{ proto: 'tcp', host: OWN }], maxClients: 20_000 },
      timeline: [
        { atMs: 1, from },
        { atMs: 1, do: 'drain', graceMs: 0 },
      ],
    })
    expect(counters).toEqual({ accepted: 20_000, live: 0, refused: 0, dropped: 20_000, closed: 0 })
  })
})

describe('hooks', () => {
  test('see the roster after each step and each note', () => {
    const rosters = new Set<unknown>()
    let live = 0
    run(BUSY, {
      afterStep: (_, { roster }) => rosters.add(roster().listeners),
      onNote: ({ type }, { roster }) => {
        if (type === 'peer.accepted') live = Math.max(live, roster().counters.live)
      },
    })
    expect(rosters.size).toBeGreaterThan(5)
    expect(live).toBe(3)
  })

  test('C2 may end the server from inside any note, at once or by a drain: nothing is left', () => {
    // XState's development build says so when a child ends in the very step in which its root was stopped.
    vi.spyOn(console, 'warn').mockImplementation(() => {})
    const notes = run(BUSY).trace.length
    for (let stopAt = 1; stopAt < notes; stopAt++)
      for (const [command, grace] of [['stop'], ['drain', 0], ['drain', 3000]] as const) {
        let seen = 0
        const { trace } = run(BUSY, { onNote: (_, run) => ++seen === stopAt && run.command(command, grace) })
        expect({ stopAt, command, end: trace.at(-1)?.slice(8) }).toEqual({ stopAt, command, end: 'server stopped' })
      }
  })

  test('do not care whose scenario it is, if they say so', () => {
    const input: ScenarioInput = { config: { remotes: [{ host: OWN }] } }
    for (const one of [BUSY, input]) {
      const parsed = parseScenario(one)
      if ('problems' in parsed || isPeers(parsed.scenario)) throw new Error(JSON.stringify(parsed))
      const types: string[] = []
      runScenario(parsed.scenario, { onNote: ({ type }) => types.push(type) })
      expect(types.length).toBeGreaterThan(1)
    }
  })

  test('may run a client in between', () => {
    const client = parseScenario({ config: { remotes: [{ host: OWN }] }, network: { [OWN]: { udp: { answer: 1 } } } })
    if ('problems' in client) throw new Error(JSON.stringify(client.problems))
    const alone = run(BUSY)
    expect(run(BUSY, { afterStep: () => void runScenario(client.scenario) })).toEqual(alone)
  })

  test('the inspector hears XState itself', () => {
    const types = new Set<string>()
    run(BUSY, { inspect: ({ type }) => types.add(type) })
    expect(types).toContain('@xstate.snapshot')
  })
})

describe('leaks are found', () => {
  const leaking = (leak: NonNullable<ServerOptions['afterStep']>) => () =>
    run(BUSY, { afterStep: (index, hooks) => index === 1 && leak(index, hooks) })

  test('a listening socket', () => {
    const socket = { listener: 77, transport: 'udp', receive: () => {}, admit: () => {}, die: () => {} } as const
    expect(leaking((_, { world }) => world.inbound.enter(socket))).toThrow(
      'left behind after the end: the udp socket of listener 77',
    )
  })

  test('a client', () => {
    const remote = { family: 'ipv4', address: '203.0.113.7', port: 9 } as const
    expect(leaking((_, { world }) => world.inbound.enter({ listener: 77, remote, kill: () => {} }))).toThrow(
      'left behind after the end: the client 203.0.113.7:9 of listener 77',
    )
  })

  test.each([
    ['a listener', (system: object) => listenersOf(system).set(99, {} as DockSocket), '1 listeners in the registry'],
    ['a guest', (system: object) => guestsOf(system).set(99, {} as Guest), '1 guests in the registry'],
  ])('%s in the registry', (_, leak, message) => {
    let system: object | undefined
    const options: ServerOptions = {
      inspect: ({ actorRef }) => (system = (actorRef as AnyActorRef).system),
      afterStep: (index) => void (index === 1 && system && leak(system)),
    }
    expect(() => run(BUSY, options)).toThrow(`after the end: ${message}`)
  })
})

test('a throw of a machine comes out as it is', () => {
  const scenario = scenarioOf(BUSY)
  const config = { ...scenario.config, listen: [null] } as unknown as ServerScenario['config']
  expect(() => runScenario({ ...scenario, config })).toThrow(TypeError)
})
