import { describe, expect, test } from 'vitest'
import { type AnyActorLogic, createActor } from 'xstate'
import { listenMachine } from '../../machines/listen.ts'
import { NOTHING_LEFT, serverStage } from './server-stage.ts'

const udp = { proto: 'udp', port: 1194 } as const
const tcp = { proto: 'tcp', port: 443 } as const

describe('a server that starts', () => {
  test('R2 without a host binds both wildcards and asks nobody', () => {
    const on = serverStage({ listen: [tcp] })
    on.start()
    expect(on.told()).toEqual(['bind 1 0.0.0.0:443', 'bind 2 [::]:443'])
    on.bound(1, '0.0.0.0', 443)
    expect(on.state()).toBe('open:starting')
    on.bound(2, '::', 443)
    expect(on.lines()).toEqual([
      '0 listener 1 tcp 0.0.0.0:443 started',
      '0 listener 2 tcp [::]:443 started',
      '0 listener 1 bound to 0.0.0.0:443',
      '0 listener 2 bound to [::]:443',
      '0 server listening on 2',
    ])
    expect(on.state()).toBe('open:listening')
    on.stop()
    expect(on.lines()).toEqual(['0 server stopped'])
    expect(on.leaks()).toEqual(NOTHING_LEFT)
  })

  test('R2 binds every address of a name, each once, and says what it leaves out', () => {
    const on = serverStage({ listen: [{ ...tcp, host: 'vpn.test' }] })
    on.start()
    on.answer(1, '2001:db8::1', '198.51.100.1', '::ffff:198.51.100.1', '224.0.0.1', '0.0.0.0', 'nonsense')
    expect(on.told()).toEqual(['bind 1 [2001:db8::1]:443', 'bind 2 198.51.100.1:443'])
    expect(on.lines().slice(2, 5)).toEqual([
      '0 block 1 skipped 224.0.0.1:443 BAD_ADDRESS at plan',
      '0 block 1 skipped 0.0.0.0:443 BAD_ADDRESS at plan',
      '0 block 1 skipped BAD_ADDRESS at plan',
    ])
  })

  test('R8 all blocks are bound at the same time, and number their listeners in turn', () => {
    const on = serverStage({
      listen: [
        { ...tcp, host: '198.51.100.1' },
        { ...udp, host: 'vpn.test' },
      ],
    })
    on.start()
    expect(on.told()).toEqual(['bind 1 198.51.100.1:443'])
    on.bound(1, '198.51.100.1', 443)
    expect(on.state()).toBe('open:starting')
    on.answer(2, '198.51.100.1', '2001:db8::1')
    expect(on.told()).toEqual(['bind 2 198.51.100.1:1194', 'bind 4 [2001:db8::1]:1194'])
    on.bound(4, '2001:db8::1', 1194)
    on.bound(2, '198.51.100.1', 1194)
    expect(on.lines().at(-1)).toBe('0 server listening on 3')
  })

  test('R2 a wildcard whose family the kernel lacks is skipped with a warning', () => {
    const on = serverStage({ listen: [udp] })
    on.start()
    on.fail(2, 'EAFNOSUPPORT')
    on.bound(1, '0.0.0.0', 1194)
    expect(on.lines().slice(2)).toEqual([
      '0 listener 2 failed EAFNOSUPPORT at bind',
      '0 listener 1 bound to 0.0.0.0:1194',
      '0 listener 2 closed EAFNOSUPPORT at bind',
      '0 server warned this machine has no ipv6: :: is not bound',
      '0 server listening on 1',
    ])
  })

  test('R2 when both families are missing, nothing is bound and the start fails', () => {
    const on = serverStage({ listen: [udp] })
    on.start()
    on.fail(1, 'EAFNOSUPPORT')
    on.fail(2, 'EAFNOSUPPORT')
    expect(on.output()).toMatchObject({ outcome: 'failed', failure: { code: 'EAFNOSUPPORT', stage: 'bind' } })
    expect(on.leaks()).toEqual(NOTHING_LEFT)
  })
})

describe('R2 port 0', () => {
  test('is one port for all families of the block', () => {
    const on = serverStage({ listen: [{ proto: 'udp', port: 0 }] })
    on.start()
    expect(on.told()).toEqual(['bind 1 0.0.0.0:0'])
    on.bound(1, '0.0.0.0', 50_000)
    expect(on.told()).toEqual(['bind 2 [::]:50000'])
    on.bound(2, '::', 50_000)
    expect(on.lines().at(-1)).toBe('0 server listening on 2')
  })

  test('is another one when the first is taken in a family, at most 16 times', () => {
    const on = serverStage({ listen: [{ proto: 'udp', port: 0 }] })
    on.start()
    for (let port = 50_001; port < 50_016; port++) {
      on.bound(1, '0.0.0.0', port)
      on.told()
      on.fail(2)
      expect(on.told()).toEqual(['close 1', 'bind 1 0.0.0.0:0'])
    }
    on.bound(1, '0.0.0.0', 50_016)
    on.fail(2)
    expect(on.output()).toMatchObject({ outcome: 'failed', failure: { code: 'EADDRINUSE' } })
  })

  test('of a first address that cannot be bound is asked for by the second', () => {
    const on = serverStage({ listen: [{ proto: 'udp', port: 0 }], bindPolicy: 'any' })
    on.start()
    on.fail(1, 'EACCES')
    expect(on.told()).toEqual(['bind 1 0.0.0.0:0', 'bind 2 [::]:0'])
    on.bound(2, '::', 50_000)
    on.wait(1_100)
    expect(on.told()).toEqual(['bind 1 0.0.0.0:50000'])
  })
})

describe('R8 bind-policy', () => {
  const listen = [
    { ...tcp, host: '198.51.100.1' },
    { ...tcp, host: '198.51.100.2' },
  ]

  test('all: one that cannot be bound closes the rest, and the error names it', () => {
    const on = serverStage({ listen })
    on.start()
    on.bound(1, '198.51.100.1', 443)
    on.fail(2)
    expect(on.output()?.failure?.message).toBe(
      'block 2, tcp 198.51.100.2:443, cannot be bound: the local address or port is in use',
    )
    expect(on.leaks()).toEqual(NOTHING_LEFT)
  })

  test('all: a name that cannot be resolved fails the start', () => {
    const on = serverStage({ listen: [{ ...tcp, host: 'vpn.test' }] })
    on.start()
    on.failQuery(1)
    expect(on.output()?.failure).toEqual({
      code: 'ENOTFOUND',
      stage: 'resolve',
      message: 'block 1, vpn.test: the name does not exist',
    })
  })

  test('all: a name without an answer fails the start at resolve-timeout', () => {
    const on = serverStage({ listen: [{ ...tcp, host: 'vpn.test' }], resolveTimeout: 700 })
    on.start()
    on.wait(700)
    expect(on.output()?.failure).toMatchObject({ code: 'RESOLVE_TIMEOUT', stage: 'resolve' })
    expect(on.leaks()).toEqual(NOTHING_LEFT)
  })

  test('all: a name without an address that can be bound fails the start', () => {
    const on = serverStage({ listen: [{ ...tcp, host: 'vpn.test', family: 'ipv6' }] })
    on.start()
    on.answer(1, '198.51.100.1')
    expect(on.output()?.failure?.message).toBe('block 1, vpn.test: ipv6 is forced for this block')
  })

  test('any: what can be bound is served, and the rest tried again', () => {
    const on = serverStage({ listen, bindPolicy: 'any' })
    on.start()
    on.bound(1, '198.51.100.1', 443)
    on.fail(2)
    expect(on.state()).toBe('open:listening')
    on.lines()
    on.wait(1_100)
    on.bound(2, '198.51.100.2', 443)
    expect(on.lines()).toEqual([
      '1071 listener 2 tcp 198.51.100.2:443 started',
      '1100 listener 2 bound to 198.51.100.2:443',
    ])
  })

  test('any: a name is asked for again', () => {
    const on = serverStage({ listen: [...listen, { ...udp, host: 'vpn.test' }], bindPolicy: 'any' })
    on.start()
    on.bound(1, '198.51.100.1', 443)
    on.bound(2, '198.51.100.2', 443)
    on.failQuery(3, 'EAI_AGAIN')
    expect(on.lines().slice(-2)).toEqual(['0 block 3 again in 1097 ms', '0 server listening on 2'])
    on.wait(1_100)
    on.told()
    on.answer(6, '198.51.100.1')
    expect(on.told()).toEqual(['bind 3 198.51.100.1:1194'])
  })

  test('any: nothing bound at the start is a failure', () => {
    const on = serverStage({ listen, bindPolicy: 'any' })
    on.start()
    on.fail(1, 'EADDRNOTAVAIL')
    on.fail(2)
    expect(on.output()).toMatchObject({ outcome: 'failed', failure: { code: 'EADDRNOTAVAIL' } })
    expect(on.leaks()).toEqual(NOTHING_LEFT)
  })
})

describe('a listener that dies', () => {
  const listen = [{ ...tcp, host: '198.51.100.1' }]
  const started = () => {
    const on = serverStage({ listen })
    on.start()
    on.bound(1, '198.51.100.1', 443)
    on.lines()
    return on
  }

  test('is bound again after a pause, under its number', () => {
    const on = started()
    on.lose(1)
    on.wait(1_100)
    on.bound(1, '198.51.100.1', 443)
    expect(on.lines()).toEqual([
      '0 listener 1 lost ENETDOWN at bind',
      '0 listener 1 again in 1061 ms',
      '1061 listener 1 tcp 198.51.100.1:443 started',
      '1100 listener 1 bound to 198.51.100.1:443',
    ])
    expect(on.state()).toBe('open:listening')
  })

  test('U2 more than 5 times in a minute has failed, once, and is tried every minute from then on', () => {
    const on = started()
    let escalated = 0
    const dieAndCome = () => {
      on.lose(1)
      const lines = on.lines()
      escalated += lines.filter((line) => line.includes('escalated RESTARTED_TOO_OFTEN')).length
      return Number(/again in (\d+) ms/.exec(lines.join('\n'))?.[1])
    }
    const pauses = Array.from({ length: 9 }, () => {
      const pause = dieAndCome()
      on.wait(pause)
      on.bound(1, '198.51.100.1', 443)
      return pause
    })
    expect(pauses.map((ms) => Math.floor(ms / 1000))).toEqual([1, 1, 1, 1, 2, 4, 60, 60, 60])
    expect(escalated).toBe(1)
  })

  test('after a minute of good health starts from the beginning', () => {
    const on = started()
    for (let i = 0; i < 7; i++) {
      on.lose(1)
      on.wait(60_000)
      on.bound(1, '198.51.100.1', 443)
    }
    on.wait(60_000)
    on.lines()
    on.lose(1)
    expect(on.lines()[1]).toMatch(/again in 10\d\d ms/)
  })

  test('a result that nobody waits for changes nothing', () => {
    const on = started()
    on.bound(1, '198.51.100.1', 444)
    on.fail(1)
    expect([on.lines(), on.roster().listeners[0]?.local?.port]).toEqual([[], 443])
  })

  test('that was given up already is not heard of', () => {
    const on = started()
    on.drain()
    on.lines()
    on.lose(1)
    expect(on.lines()).toEqual([])
  })
})

describe('multihome', () => {
  const own = ['127.0.0.1', '198.51.100.1', '198.51.100.2', '2001:db8::1', 'fe80::1%eth0']

  test('R4 a UDP wildcard becomes a socket for each address of this host', () => {
    const on = serverStage({ listen: [udp], multihome: true }, { addresses: own })
    on.start()
    expect(on.told()).toEqual([
      'bind 1 127.0.0.1:1194',
      'bind 2 198.51.100.1:1194',
      'bind 3 198.51.100.2:1194',
      'bind 4 [2001:db8::1]:1194',
      'bind 5 [fe80::1%eth0]:1194',
    ])
  })

  test('follows the addresses that come and go', () => {
    const on = serverStage({ listen: [{ ...udp, family: 'ipv4' }], multihome: true }, { addresses: ['198.51.100.1'] })
    on.start()
    on.bound(1, '198.51.100.1', 1194)
    on.told()
    on.lines()
    on.networkChanged('198.51.100.2', '2001:db8::1')
    expect(on.told()).toEqual(['close 1', 'bind 2 198.51.100.2:1194'])
    on.fail(2, 'EADDRNOTAVAIL')
    expect(on.lines()).toEqual([
      '0 network changed',
      '0 listener 1 closed',
      '0 listener 2 udp 198.51.100.2:1194 started',
      '0 listener 2 failed EADDRNOTAVAIL at bind',
      '0 listener 2 again in 1071 ms',
    ])
    on.networkChanged('198.51.100.3')
    on.wait(2_000)
    expect(on.told()).toEqual(['close 2', 'bind 3 198.51.100.3:1194'])
  })

  test('an address that cannot be bound does not fail the start: nobody named it', () => {
    const on = serverStage({ listen: [udp], multihome: true }, { addresses: ['198.51.100.1', '2001:db8::1'] })
    on.start()
    on.bound(1, '198.51.100.1', 1194)
    on.fail(2, 'EADDRNOTAVAIL')
    expect(on.state()).toBe('open:listening')
  })

  test('a host without addresses has nothing to bind', () => {
    const on = serverStage({ listen: [udp], multihome: true })
    on.start()
    expect(on.output()?.failure?.message).toBe('block 1, multihome: there is no address to bind')
  })

  test('leaves TCP and named addresses alone', () => {
    const on = serverStage({ listen: [tcp, { ...udp, host: '198.51.100.9' }], multihome: true }, { addresses: own })
    on.start()
    expect(on.told()).toEqual(['bind 1 0.0.0.0:443', 'bind 3 [::]:443', 'bind 2 198.51.100.9:1194'])
    on.networkChanged('198.51.100.4')
    expect(on.told()).toEqual([])
  })

  test('without it, a UDP wildcard on a host with several addresses of a family warns', () => {
    const on = serverStage({ listen: [udp] }, { addresses: own })
    on.start()
    expect(on.lines()[0]).toMatch(/^0 server warned this host has several ipv4 addresses, .* udp 0\.0\.0\.0 /)
    const quiet = serverStage(
      { listen: [udp, tcp] },
      { addresses: ['127.0.0.1', '198.51.100.1', 'fe80::1%eth0', '::1'] },
    )
    quiet.start()
    expect(quiet.lines()[0]).toBe('0 listener 1 udp 0.0.0.0:1194 started')
  })
})

describe('the end', () => {
  test('V8 a drain closes the listeners first, waits for the clients, and ends', () => {
    const on = serverStage({
      listen: [
        { ...tcp, host: '198.51.100.1' },
        { ...udp, host: '198.51.100.1' },
      ],
    })
    on.start()
    on.bound(1, '198.51.100.1', 443)
    on.bound(2, '198.51.100.1', 1194)
    on.told()
    on.lines()
    on.drain()
    expect(on.told()).toEqual(['drain'])
    expect(on.output()).toBeUndefined()
    on.drained()
    expect(on.lines()).toEqual(['0 server draining', '0 listener 1 closed', '0 listener 2 closed', '0 server stopped'])
    expect(on.output()).toEqual({ outcome: 'stopped', failure: null })
    expect(on.leaks()).toEqual(NOTHING_LEFT)
  })

  test('V8 the grace ends it', () => {
    const on = serverStage({ listen: [{ ...tcp, host: '198.51.100.1' }] })
    on.start()
    on.bound(1, '198.51.100.1', 443)
    on.drain(5_000)
    on.told()
    on.wait(4_999)
    expect(on.told()).toEqual([])
    on.wait(1)
    expect(on.told()).toEqual(['evict'])
    on.drained()
    expect(on.output()?.outcome).toBe('stopped')
    expect(on.leaks()).toEqual(NOTHING_LEFT)
  })

  const here = { ...tcp, host: '198.51.100.1' }
  test.each([
    ['before the start', { listen: [here] }, () => {}],
    ['resolving', { listen: [{ ...tcp, host: 'vpn.test' }] }, (on) => on.start()],
    ['binding', { listen: [here] }, (on) => on.start()],
    [
      'binding, while another block has failed already',
      { listen: [here, { ...here, port: 444 }], bindPolicy: 'any' },
      (on) => {
        on.start()
        on.fail(1)
      },
    ],
    [
      'listening',
      { listen: [here] },
      (on) => {
        on.start()
        on.bound(1, '198.51.100.1', 443)
      },
    ],
    [
      'waiting for a name',
      { listen: [here, { ...tcp, host: 'vpn.test' }], bindPolicy: 'any' },
      (on) => {
        on.start()
        on.bound(1, '198.51.100.1', 443)
        on.failQuery(2)
      },
    ],
    [
      'waiting for a listener',
      { listen: [here] },
      (on) => {
        on.start()
        on.bound(1, '198.51.100.1', 443)
        on.lose(1)
      },
    ],
  ] satisfies readonly [string, Parameters<typeof serverStage>[0], (on: ReturnType<typeof serverStage>) => void][])(
    'a stop ends everything at once, and a drain what nobody is in: %s',
    (_, config, play) => {
      const stopped = serverStage(config)
      play(stopped)
      stopped.stop()
      expect(stopped.lines().at(-1)).toBe('0 server stopped')
      expect(stopped.output()).toEqual({ outcome: 'stopped', failure: null })
      expect(stopped.leaks()).toEqual(NOTHING_LEFT)

      const drained = serverStage(config)
      play(drained)
      drained.drain()
      if (drained.state() === 'open:draining') drained.drained()
      expect(drained.output()).toEqual({ outcome: 'stopped', failure: null })
      expect(drained.leaks()).toEqual(NOTHING_LEFT)
      expect(drained.roster().listeners.filter(({ state }) => state !== 'closed')).toEqual([])
    },
  )

  test('a stop while draining ends it', () => {
    const on = serverStage({ listen: [here] })
    on.start()
    on.bound(1, '198.51.100.1', 443)
    on.drain()
    on.stop()
    expect(on.output()).toEqual({ outcome: 'stopped', failure: null })
    expect(on.leaks()).toEqual(NOTHING_LEFT)
  })
})

test('U1 what befalls one block leaves the others as they were', () => {
  const on = serverStage({
    listen: [
      { ...tcp, host: '198.51.100.1' },
      { ...udp, host: '198.51.100.1' },
    ],
  })
  on.start()
  on.bound(1, '198.51.100.1', 443)
  on.bound(2, '198.51.100.1', 1194)
  on.told()
  on.lose(1)
  on.wait(10_000)
  on.fail(1)
  on.wait(10_000)
  expect(on.told()).toEqual(['bind 1 198.51.100.1:443', 'bind 1 198.51.100.1:443'])
  expect(on.roster().listeners.map(({ state }) => state)).toEqual(['binding', 'bound'])
})

test.each(['resolver', 'binder'] as const)('without a %s the machine says what to provide', (name) => {
  const errors: unknown[] = []
  const placeholder = listenMachine.implementations.actors[name] as AnyActorLogic
  const actor = createActor(placeholder, { input: {} })
  actor.subscribe({ error: (error) => errors.push(error) })
  actor.start()
  expect(errors).toEqual([new Error(`provide the ${name} actor`)])
})
