import { describe, expect, test } from 'vitest'
import { type Transport, formatEndpoint, parseAddress } from '../../src/endpoint.ts'
import { HeapClock } from '../../src/sim/clock.ts'
import { VirtualNetwork } from '../../src/sim/network.ts'
import { type SoloInput, isPeers, parseScenario } from '../../src/sim/scenario.ts'
import { type VirtualHandle, virtualWire } from '../../src/sim/wire.ts'
import type { WireRequest, WireSocket } from '../../src/wire.ts'

const V4 = '198.51.100.1'
const V6 = '2001:db8::1'
const OWN = '198.51.100.254'

type World = Pick<SoloInput, 'network' | 'self' | 'binds'>

/** A network, and sockets whose life is written down: `20 a connected 198.51.100.254:49152`. */
function worldOf(world: World) {
  const parsed = parseScenario({ config: { remotes: [{ host: V4 }] }, ...world })
  if ('problems' in parsed || isPeers(parsed.scenario)) throw new Error(JSON.stringify(parsed))
  const clock = new HeapClock()
  const network = new VirtualNetwork(parsed.scenario)
  const wire = virtualWire(() => ({ network, clock }))
  const log: string[] = []
  let attempts = 0
  const open = (transport: Transport, address = V4, request: Partial<WireRequest> & { port?: number } = {}) => {
    const attempt = ++attempts
    const name = String.fromCharCode(96 + attempt)
    const { family } = parseAddress(address)!
    const remote = { family, address, port: request.port ?? 1194 }
    let speaking = true
    const socket: WireSocket = wire.open({ attempt, transport, family, remote, reads: true, ...request }, (event) => {
      expect(speaking, 'the wire spoke from inside a call').toBe(false)
      const what = {
        opened: () => ('local' in event && event.local ? ` ${formatEndpoint(event.local)}` : ''),
        connected: () => ('local' in event && event.local ? ` ${formatEndpoint(event.local)}` : ''),
        received: () => ('bytes' in event ? ` ${event.bytes.join(' ')}` : ''),
        moved: () => '',
        negotiated: () => '',
        failed: () => ('failure' in event ? ` ${event.failure.code} ${event.failure.stage}` : ''),
      }[event.type]()
      log.push(`${clock.now()} ${name} ${event.type}${what}`)
    })
    speaking = false
    const quietly = (run: () => void) => {
      speaking = true
      run()
      speaking = false
    }
    return {
      handle: socket.handle as VirtualHandle,
      send: (...bytes: number[]) => quietly(() => socket.send(Uint8Array.from(bytes))),
      accept: (release: boolean) => quietly(() => socket.accept(release, [])),
      close: () => quietly(() => socket.close()),
    }
  }
  return { clock, network, open, log }
}

/** What one socket to V4 lives through. */
function live(transport: Transport, behaviour: object | string, steps: (world: ReturnType<typeof worldOf>) => void) {
  const world = worldOf({ network: { [V4]: { [transport]: behaviour } } })
  steps(world)
  return world.log
}

describe('tcp', () => {
  const dial = (behaviour: object | string) =>
    live('tcp', behaviour, ({ open, clock }) => {
      open('tcp')
      clock.runUntil(60_000)
    })

  test('a blackhole opens and never says more', () => {
    expect(dial('blackhole')).toEqual(['0 a opened'])
  })

  test('a peer that is not listed is a blackhole', () => {
    const { open, clock, log } = worldOf({})
    open('tcp')
    clock.runUntilIdle()
    expect(log).toEqual(['0 a opened'])
  })

  test.each([
    [{ refuse: 3 }, '3 a failed ECONNREFUSED connect'],
    [{ refuse: 0 }, '0 a failed ECONNREFUSED connect'],
    [{ unreachable: 7 }, '7 a failed EHOSTUNREACH connect'],
    [{ error: 'ETIMEDOUT', afterMs: 9 }, '9 a failed ETIMEDOUT connect'],
    [{ error: 'ENETUNREACH' }, '0 a failed ENETUNREACH connect'],
    [{ connect: 20 }, `20 a connected ${OWN}:49152`],
    [{ mute: true }, `0 a connected ${OWN}:49152`],
    [{ answer: 5 }, `0 a connected ${OWN}:49152`],
  ])('%j: %s', (behaviour, line) => {
    expect(dial(behaviour)).toEqual(['0 a opened', line])
  })

  test.each([
    'EMFILE',
    'ENFILE',
    'ENOBUFS',
    'ENOMEM',
    'EACCES',
    'EADDRNOTAVAIL',
    'EADDRINUSE',
    'EPERM',
    'EAFNOSUPPORT',
  ])('%s is local: there never was a socket', (error) => {
    expect(dial({ error, afterMs: 4 })).toEqual([`4 a failed ${error} open`])
  })

  test('an error with times goes away, then the rest holds', () => {
    const lines = live('tcp', { error: 'EMFILE', times: 2, connect: 5 }, ({ open, clock }) => {
      for (let i = 0; i < 3; i++) {
        open('tcp')
        clock.runUntilIdle()
      }
    })
    expect(lines).toEqual([
      '0 a failed EMFILE open',
      '0 b failed EMFILE open',
      '0 c opened',
      `5 c connected ${OWN}:49152`,
    ])
  })

  test.each([
    ['tcp', { error: 'ETIMEDOUT', afterMs: 30, times: 1, connect: 5, answer: 1 }, ['30 a failed ETIMEDOUT connect']],
    [
      'udp',
      { error: 'ECONNREFUSED', afterMs: 30, times: 1, answer: 1 },
      [`0 a connected ${OWN}:49152`, '30 a failed ECONNREFUSED connected'],
    ],
  ] as const)('%s: as long as there is an error, there is nothing else', (transport, behaviour, lines) => {
    const log = live(transport, behaviour, ({ open, clock }) => {
      const socket = open(transport)
      clock.runUntil(10)
      socket.send(1)
      clock.runUntil(40)
    })
    expect(log).toEqual(['0 a opened', ...lines])
  })

  test('a reset comes so long after the connection', () => {
    expect(dial({ connect: 5, reset: 100 })).toEqual([
      '0 a opened',
      `5 a connected ${OWN}:49152`,
      '105 a failed ECONNRESET connected',
    ])
  })

  test('a reset at once still connects first', () => {
    expect(dial({ connect: 5, reset: 0 }).slice(1)).toEqual([
      `5 a connected ${OWN}:49152`,
      '5 a failed ECONNRESET connected',
    ])
  })

  test('answers each thing that is sent, as long after it', () => {
    const lines = live('tcp', { connect: 1, answer: 10 }, ({ open, clock }) => {
      const socket = open('tcp')
      socket.send(9)
      clock.runUntil(5)
      socket.send(1, 2)
      clock.runUntil(8)
      socket.send(3)
      clock.runUntilIdle()
    })
    expect(lines.slice(2)).toEqual(['15 a received 1 2', '18 a received 3'])
  })

  test('a mute peer answers nothing', () => {
    const lines = live('tcp', { connect: 1, mute: true }, ({ open, clock }) => {
      const socket = open('tcp')
      clock.runUntil(5)
      socket.send(1)
      clock.runUntilIdle()
    })
    expect(lines).toHaveLength(2)
  })
})

describe('udp', () => {
  const ask = (behaviour: object | string, times = 1) =>
    live('udp', behaviour, ({ open, clock }) => {
      const socket = open('udp')
      clock.runUntil(10)
      for (let i = 0; i < times; i++) socket.send(i)
      clock.runUntil(60_000)
    })
  const connected = ['0 a opened', `0 a connected ${OWN}:49152`]

  test('R4 connects at once, whatever the peer does', () => {
    for (const behaviour of ['blackhole', { refuse: 1 }, { mute: true }, { answer: 3 }])
      expect(live('udp', behaviour, ({ open, clock }) => (open('udp'), clock.runUntilIdle()))).toEqual(connected)
  })

  test.each([
    [{ refuse: 2 }, ['12 a failed ECONNREFUSED connected']],
    [{ unreachable: 2 }, ['12 a failed EHOSTUNREACH connected']],
    [{ answer: 5 }, ['15 a received 0']],
    [{ mute: true }, []],
    ['blackhole', []],
  ])('%j after our first datagram: %j', (behaviour, lines) => {
    expect(ask(behaviour)).toEqual([...connected, ...lines])
  })

  test('is refused once, however much was sent', () => {
    expect(ask({ refuse: 2 }, 3)).toEqual([...connected, '12 a failed ECONNREFUSED connected'])
  })

  test('each datagram is answered', () => {
    expect(ask({ answer: 5 }, 2).slice(2)).toEqual(['15 a received 0', '15 a received 1'])
  })

  test('an error at once is that of connect(), a later one that of a connected socket', () => {
    expect(ask({ error: 'ENETUNREACH' })).toEqual(['0 a opened', '0 a failed ENETUNREACH connect'])
    expect(ask({ error: 'ECONNREFUSED', afterMs: 30 })).toEqual([...connected, '30 a failed ECONNREFUSED connected'])
  })

  test('a port that closes is an ICMP refusal', () => {
    expect(ask({ answer: 1, reset: 50 }).at(-1)).toBe('50 a failed ECONNREFUSED connected')
  })
})

describe('which behaviour', () => {
  test('the more specific wins, for each transport by itself', () => {
    const { open, clock, log } = worldOf({
      network: {
        [V4]: { tcp: { refuse: 1 }, udp: { answer: 2 } },
        [`${V4}:443`]: { tcp: { connect: 3 } },
        '[2001:DB8:0::1]:443': { tcp: { connect: 4 } },
      },
    })
    open('tcp')
    open('tcp', V4, { port: 443 })
    open('tcp', V6, { port: 443 })
    const udp = open('udp', V4, { port: 443 })
    clock.runUntil(10)
    udp.send(7)
    clock.runUntilIdle()
    expect(log.filter((line) => !line.includes('opened') && !line.startsWith('0'))).toEqual([
      '1 a failed ECONNREFUSED connect',
      `3 b connected ${OWN}:49153`,
      '4 c connected [2001:db8::fe]:49154',
      '12 d received 7',
    ])
  })

  test('a change holds for new attempts only', () => {
    const { open, clock, log, network } = worldOf({ network: { [V4]: { tcp: { connect: 10 }, udp: { answer: 1 } } } })
    open('tcp')
    network.change({ [V4]: { tcp: { refuse: 1 } } })
    open('tcp')
    const udp = open('udp')
    clock.runUntil(20)
    udp.send(1)
    clock.runUntilIdle()
    expect(log.filter((line) => !line.startsWith('0'))).toEqual([
      '1 b failed ECONNREFUSED connect',
      `10 a connected ${OWN}:49152`,
      '21 c received 1',
    ])
  })
})

describe('kill', () => {
  const kill = (transport: Transport, how: 'reset' | 'fin' | 'vanish', target = V4) => {
    const world = worldOf({ network: { [V4]: { tcp: { connect: 5, answer: 1 }, udp: { answer: 1 } } } })
    const socket = world.open(transport)
    world.clock.runUntil(10)
    world.network.kill(target, how)
    socket.send(1)
    world.clock.runUntilIdle()
    return world.log.slice(2)
  }

  test.each([
    ['tcp', 'reset', ['10 a failed ECONNRESET connected']],
    ['tcp', 'fin', ['10 a failed CLOSED_BY_PEER connected']],
    ['tcp', 'vanish', []],
    ['udp', 'reset', ['10 a failed ECONNREFUSED connected']],
    ['udp', 'fin', ['11 a received 1']],
    ['udp', 'vanish', []],
  ] as const)('%s %s', (transport, how, lines) => {
    expect(kill(transport, how)).toEqual(lines)
  })

  test('takes an address, or one of its ports', () => {
    expect(kill('tcp', 'reset', `${V4}:1194`)).toEqual(['10 a failed ECONNRESET connected'])
    expect(kill('tcp', 'reset', `${V4}:443`)).toEqual(['11 a received 1'])
    expect(kill('tcp', 'reset', '198.51.100.2')).toEqual(['11 a received 1'])
  })

  test('leaves a socket alone that is still connecting, and one that has vanished', () => {
    const { open, clock, log, network } = worldOf({ network: { [V4]: { tcp: { connect: 5 } } } })
    open('tcp')
    network.kill(V4, 'reset')
    clock.runUntil(10)
    network.kill(V4, 'vanish')
    network.kill(V4, 'reset')
    clock.runUntilIdle()
    expect(log).toEqual(['0 a opened', `5 a connected ${OWN}:49152`])
  })
})

describe('local side', () => {
  test.each([
    ['R7 a wildcard', { port: 0 }, '0 a opened 0.0.0.0:49152', `0 a connected ${OWN}:49152`],
    ['R7 a fixed port', { port: 1194 }, '0 a opened 0.0.0.0:1194', `0 a connected ${OWN}:1194`],
    ['R7 an own address', { address: OWN, port: 9 }, `0 a opened ${OWN}:9`, `0 a connected ${OWN}:9`],
  ])('%s is bound', (_, local, ...lines) => {
    expect(
      live('udp', 'blackhole', ({ open, clock }) => {
        open('udp', V4, { local })
        clock.runUntilIdle()
      }),
    ).toEqual(lines)
  })

  test.each([
    ['an address of others', { address: '203.0.113.1', port: 0 }, 'EADDRNOTAVAIL'],
    ['the other family', { address: '2001:db8::fe', port: 0 }, 'EINVAL'],
    ['no address at all', { address: 'localhost', port: 0 }, 'EINVAL'],
    ['a scripted error', { address: OWN, port: 7 }, 'EACCES'],
    ['a scripted error of the wildcard', { port: 1194 }, 'EADDRINUSE'],
  ])('%s cannot be bound', (_, local, code) => {
    const { open, clock, log } = worldOf({ binds: { '0.0.0.0:1194/udp': 'EADDRINUSE', [`${OWN}:7/udp`]: 'EACCES' } })
    open('udp', V4, { local })
    clock.runUntilIdle()
    expect(log).toEqual([`0 a failed ${code} open`])
  })

  test('a scripted bind error can be lifted, and is one of its transport only', () => {
    const { open, clock, log, network } = worldOf({ binds: { '0.0.0.0:1194/udp': 'EADDRINUSE' } })
    open('tcp', V4, { local: { port: 1194 } })
    network.ports.changeBinds({ '0.0.0.0:1194/udp': null, '[::]:5/udp': 'EACCES' })
    open('udp', V4, { local: { port: 1194 } })
    open('udp', V6, { local: { port: 5 } })
    clock.runUntilIdle()
    expect(log.filter((line) => !line.includes('connected'))).toEqual([
      '0 a opened 0.0.0.0:1194',
      '0 b opened 0.0.0.0:1194',
      '0 c failed EACCES open',
    ])
  })

  test('a port is in use until its socket is closed, for its family, transport and address', () => {
    const { open, clock, log } = worldOf({ self: [OWN, '198.51.100.253', '2001:db8::fe'] })
    const first = open('udp', V4, { local: { port: 1194 } })
    open('udp', V4, { local: { port: 1194 } })
    open('udp', V4, { local: { address: '198.51.100.253', port: 1194 } })
    open('udp', V6, { local: { port: 1194 } })
    open('tcp', V4, { local: { address: OWN, port: 1194 } })
    open('tcp', V4, { local: { address: '198.51.100.253', port: 1194 } })
    open('tcp', V4, { local: { port: 1194 } })
    first.close()
    open('udp', V4, { local: { port: 1194 } })
    clock.runUntilIdle()
    expect(log.filter((line) => !line.includes('connected'))).toEqual([
      '0 b failed EADDRINUSE open',
      '0 c failed EADDRINUSE open',
      '0 d opened [::]:1194',
      `0 e opened ${OWN}:1194`,
      '0 f opened 198.51.100.253:1194',
      '0 g failed EADDRINUSE open',
      '0 h opened 0.0.0.0:1194',
    ])
  })

  test('free ports are handed out in turn, and taken ones passed over', () => {
    const { open, clock, log } = worldOf({})
    open('udp', V4, { local: { port: 49_153 } })
    open('udp')
    open('udp')
    clock.runUntilIdle()
    expect(log.filter((line) => line.includes('connected'))).toEqual([
      `0 a connected ${OWN}:49153`,
      `0 b connected ${OWN}:49152`,
      `0 c connected ${OWN}:49154`,
    ])
  })

  test('the ports run out, and come back with a close', () => {
    const { open, clock, log, network } = worldOf({})
    const first = open('udp')
    const remote = { family: 'ipv4', address: V4, port: 1 } as const
    for (let port = 49_153; port <= 65_535; port++)
      network.settle(
        { attempt: 0, transport: 'udp', remote, released: false, kill: () => {} },
        { family: 'ipv4', address: OWN, port },
      )
    open('udp')
    open('udp', V4, { local: { port: 0 } })
    first.close()
    open('udp')
    clock.runUntil(1)
    expect(log).toEqual([
      '0 b opened',
      '0 b failed EADDRNOTAVAIL connect',
      '0 c failed EADDRINUSE open',
      '0 d opened',
      `0 d connected ${OWN}:49152`,
    ])
  })

  test('a family without an own address has no route', () => {
    const { open, clock, log } = worldOf({ self: [OWN], network: { [V6]: { tcp: { connect: 1 } } } })
    open('tcp', V6)
    open('udp', V6, { local: { port: 5 } })
    clock.runUntilIdle()
    expect(log).toEqual([
      '0 a opened',
      '0 a failed ENETUNREACH connect',
      '0 b opened [::]:5',
      '0 b failed ENETUNREACH connect',
    ])
  })

  test('a socket that dials itself connects to itself, however it came to its port', () => {
    const { open, clock, log } = worldOf({ self: ['198.51.100.253', OWN] })
    open('tcp', OWN, { port: 49_152 })
    open('udp', OWN, { port: 7, local: { port: 7 } })
    open('tcp', OWN, { port: 49_999 })
    clock.runUntilIdle()
    expect(log.filter((line) => line.includes('connected'))).toEqual([
      `0 a connected ${OWN}:49152`,
      `0 b connected ${OWN}:7`,
    ])
  })
})

describe('conservation', () => {
  test('after a close nothing is on its way, nothing is told, and the books are even', () => {
    const { open, clock, log, network } = worldOf({ network: { [V4]: { tcp: { connect: 5, answer: 9, reset: 50 } } } })
    const socket = open('tcp')
    clock.runUntil(6)
    socket.send(1)
    expect(network.open.map(({ attempt }) => attempt)).toEqual([1])
    expect(clock.results).toBe(2)
    socket.close()
    socket.close()
    socket.send(2)
    expect([network.open.length, clock.results, network.opened]).toEqual([0, 0, 1])
    clock.runUntilIdle()
    expect(log).toHaveLength(2)
  })

  test('a failure closes: nothing follows it, and a close after it does nothing', () => {
    const { open, clock, log, network } = worldOf({ network: { [V4]: { udp: { answer: 9, reset: 5 } } } })
    const socket = open('udp')
    clock.runUntil(1)
    socket.send(1)
    clock.runUntilIdle()
    socket.close()
    expect(log.at(-1)).toBe('5 a failed ECONNREFUSED connected')
    expect(network.open).toEqual([])
  })

  test('the books throw for a socket that is closed or opened twice', () => {
    const { network } = worldOf({})
    const remote = { family: 'ipv4', address: V4, port: 1 } as const
    const socket = { attempt: 7, transport: 'tcp', remote, released: false, kill: () => {} } as const
    network.enter(socket)
    expect(() => network.enter(socket)).toThrow('the socket of attempt 7 was opened twice')
    network.strike(socket)
    expect(() => network.strike(socket)).toThrow('the socket of attempt 7 was closed twice')
  })
})

describe('hand-over', () => {
  test('a held connection is watched and not read', () => {
    const { open, clock, log, network } = worldOf({ network: { [V4]: { tcp: { connect: 5, answer: 9, reset: 50 } } } })
    const socket = open('tcp')
    clock.runUntil(6)
    socket.send(1)
    socket.accept(false)
    clock.runUntilIdle()
    expect(log.slice(2)).toEqual(['55 a failed ECONNRESET connected'])
    expect(network.open).toEqual([])
  })

  test("a released one is the user's alone: open, but nothing is told", () => {
    const { open, clock, log, network } = worldOf({ network: { [V4]: { tcp: { connect: 5, reset: 50 } } } })
    const socket = open('tcp')
    clock.runUntil(6)
    socket.accept(true)
    expect(network.open).toEqual([])
    const { handle } = socket
    expect([handle.local?.port, handle.remote.port, handle.messages, handle.failure]).toEqual([
      49_152,
      1194,
      [],
      undefined,
    ])
    clock.runUntilIdle()
    expect(log).toHaveLength(2)
    expect(handle.failure?.code).toBe('ECONNRESET')
    handle.close()
  })

  test("closing a released connection is the user's, and ends it", () => {
    const { open, clock } = worldOf({ network: { [V4]: { tcp: { connect: 5, reset: 50 } } } })
    const socket = open('tcp')
    clock.runUntil(6)
    socket.accept(true)
    socket.handle.close()
    socket.handle.close()
    expect(clock.results).toBe(0)
  })
})
