import { describe, expect, test } from 'vitest'
import type { DockEvent, Guest, Refused } from '../../src/dock.ts'
import { type Transport, formatEndpoint, parseAddress } from '../../src/endpoint.ts'
import { HeapClock } from '../../src/sim/clock.ts'
import { virtualDock } from '../../src/sim/dock.ts'
import { Inbound, type Visit } from '../../src/sim/inbound.ts'
import type { KillHow } from '../../src/sim/network.ts'
import { Ports } from '../../src/sim/ports.ts'

const OWN = '198.51.100.254'
const OWN6 = '2001:db8::fe'
const STRANGER = '203.0.113.7'

/** A host, its listening sockets, and what they say: `0 1 bound 0.0.0.0:1194`. */
function hostOf({ self = [OWN, OWN6], binds = {} }: { self?: string[]; binds?: Record<string, string> } = {}) {
  const clock = new HeapClock()
  const ports = new Ports({ self, binds })
  const inbound = new Inbound(ports)
  const dock = virtualDock(() => ({ clock, ports, inbound }))
  const log: string[] = []
  const guests: Guest[] = []
  let mayTell = true
  const said = (listener: number, event: DockEvent): string => {
    expect(mayTell, 'the dock spoke from inside a call').toBe(true)
    if (event.type === 'bound') return `${listener} bound ${formatEndpoint(event.local)}`
    if (event.type === 'failed') return `${listener} failed ${event.failure.code} ${event.failure.stage}`
    if (event.type === 'heard') return `${listener} heard ${formatEndpoint(event.from)} ${event.bytes.join(' ')}`
    if (event.type === 'turnedAway') return `${listener} turned away`
    guests.push(event.guest)
    return `${listener} arrived ${formatEndpoint(event.guest.remote)} at ${formatEndpoint(event.guest.local)}`
  }
  const quietly = <T>(run: () => T): T => {
    mayTell = false
    const result = run()
    mayTell = true
    return result
  }
  let listeners = 0
  const open = (address: string, port = 1194, transport: Transport = 'tcp') => {
    const listener = ++listeners
    const endpoint = { ...parseAddress(address)!, port }
    const socket = quietly(() =>
      dock.open({ listener, transport, endpoint }, (event) => log.push(`${clock.now()} ${said(listener, event)}`)),
    )
    return {
      handle: socket.handle,
      close: () => quietly(() => socket.close()),
      send: (bytes: Uint8Array, refused?: Refused) => quietly(() => socket.send(bytes, endpoint, refused)),
    }
  }
  const at = (address: string, port: number) => ({ ...parseAddress(address)!, port })
  const visit = (to = OWN, visit: Omit<Visit, 'source' | 'to'> = {}, transport: Transport = 'tcp', port = 1194) =>
    inbound.visit(transport, {
      source: at(to.includes(':') ? '2001:db8:7::1' : STRANGER, 40_000),
      to: at(to, port),
      ...visit,
    })
  const settle = () => clock.runUntil(clock.now())
  return { clock, ports, inbound, log, guests, open, visit, settle, quietly }
}

type HostOf = ReturnType<typeof hostOf>

/** What becomes of binding these, in one instant. */
function bindAll(
  host: HostOf,
  ...wanted: readonly (readonly [address: string, port?: number, transport?: Transport])[]
) {
  for (const one of wanted) host.open(...one)
  host.clock.runUntilIdle()
  return host.log
}

describe('binding', () => {
  test('R2 takes no time: own addresses, wildcards and loopback', () => {
    const all = [OWN, OWN6, '127.0.0.1', '127.9.9.9', '::1'].map((address) => [address, 1] as const)
    expect(bindAll(hostOf(), ...all, ['0.0.0.0', 2], ['::', 2])).toEqual([
      `0 1 bound ${OWN}:1`,
      `0 2 bound [${OWN6}]:1`,
      '0 3 bound 127.0.0.1:1',
      '0 4 bound 127.9.9.9:1',
      '0 5 bound [::1]:1',
      '0 6 bound 0.0.0.0:2',
      '0 7 bound [::]:2',
    ])
  })

  test("R2 another's address is none of ours", () => {
    expect(bindAll(hostOf(), [STRANGER])).toEqual(['0 1 failed EADDRNOTAVAIL bind'])
  })

  test('R2 a family of which there is no address is lacking altogether, wildcard and loopback too', () => {
    expect(bindAll(hostOf({ self: [OWN] }), [OWN6], ['::'], ['::1'], ['0.0.0.0'])).toEqual([
      '0 1 failed EAFNOSUPPORT bind',
      '0 2 failed EAFNOSUPPORT bind',
      '0 3 failed EAFNOSUPPORT bind',
      '0 4 bound 0.0.0.0:1194',
    ])
  })

  test('a wildcard clashes with every address of its family and transport, and with no other', () => {
    const wanted = [['0.0.0.0'], [OWN], ['127.0.0.1'], ['::'], [OWN6], [OWN, 1194, 'udp'], [OWN, 1195]] as const
    expect(bindAll(hostOf(), ...wanted)).toEqual([
      '0 1 bound 0.0.0.0:1194',
      '0 2 failed EADDRINUSE bind',
      '0 3 failed EADDRINUSE bind',
      '0 4 bound [::]:1194',
      '0 5 failed EADDRINUSE bind',
      `0 6 bound ${OWN}:1194`,
      `0 7 bound ${OWN}:1195`,
    ])
  })

  test('an address clashes with the wildcard that comes after it', () => {
    expect(bindAll(hostOf(), [OWN], ['0.0.0.0'])).toEqual([`0 1 bound ${OWN}:1194`, '0 2 failed EADDRINUSE bind'])
  })

  test('port 0 is the next free one', () => {
    expect(bindAll(hostOf(), ['0.0.0.0', 0], ['0.0.0.0', 0])).toEqual([
      '0 1 bound 0.0.0.0:49152',
      '0 2 bound 0.0.0.0:49153',
    ])
  })

  test('scripted errors, of port 0 too', () => {
    const host = hostOf({ binds: { [`${OWN}:1194/tcp`]: 'EACCES', '[::]:0/udp': 'ENOBUFS' } })
    expect(bindAll(host, [OWN], ['::', 0, 'udp'], ['::', 0])).toEqual([
      '0 1 failed EACCES bind',
      '0 2 failed ENOBUFS bind',
      '0 3 bound [::]:49152',
    ])
  })

  test('a port is free when its socket was closed, and nothing is said of it any more', () => {
    const host = hostOf()
    const first = host.open(OWN)
    first.close()
    first.close()
    host.open(OWN)
    host.clock.runUntilIdle()
    expect(host.log).toEqual([`0 2 bound ${OWN}:1194`])
  })

  test('what is bound to an address that went away stays, but nothing comes in', () => {
    const host = hostOf()
    bindAll(host, [OWN])
    host.ports.changeOwn([OWN6])
    host.visit()
    expect(host.log).toEqual([`0 1 bound ${OWN}:1194`])
    host.ports.changeOwn([OWN])
    host.visit()
    expect(host.log.slice(1)).toEqual([`0 1 arrived ${STRANGER}:40000 at ${OWN}:1194`])
  })
})

describe('who comes in', () => {
  test('reaches the address, or the wildcard of its family; otherwise nothing happens', () => {
    const host = hostOf({ self: [OWN, '198.51.100.253', OWN6] })
    bindAll(host, [OWN], ['::'], ['0.0.0.0', 7], [OWN, 1194, 'udp'])
    host.log.length = 0
    host.visit(OWN)
    host.visit(OWN6)
    host.visit('198.51.100.253', {}, 'tcp', 7)
    host.visit('198.51.100.253')
    host.visit(OWN, {}, 'tcp', 8)
    host.visit(OWN6, {}, 'udp')
    host.visit('198.51.100.1', {}, 'tcp', 7)
    expect(host.log).toEqual([
      `0 1 arrived ${STRANGER}:40000 at ${OWN}:1194`,
      `0 2 arrived [2001:db8:7::1]:40000 at [${OWN6}]:1194`,
      `0 3 arrived ${STRANGER}:40000 at 198.51.100.253:7`,
    ])
  })

  test('a datagram brings its bytes, perhaps none', () => {
    const host = hostOf()
    bindAll(host, [OWN, 1194, 'udp'])
    host.visit(OWN, { send: 'aß' }, 'udp')
    host.visit(OWN, {}, 'udp')
    expect(host.log.slice(1)).toEqual([`0 1 heard ${STRANGER}:40000 97 195 159`, `0 1 heard ${STRANGER}:40000 `])
  })

  test('nobody comes before it is said that the socket is bound', () => {
    const host = hostOf()
    host.open(OWN)
    host.visit()
    expect(host.log).toEqual([])
  })

  test('what is sent is counted, until the close', () => {
    const host = hostOf()
    const socket = host.open(OWN, 1194, 'udp')
    socket.send(Uint8Array.of(1))
    host.clock.runUntilIdle()
    socket.send(Uint8Array.of(1))
    socket.close()
    socket.send(Uint8Array.of(1))
    expect(host.inbound.sent).toBe(1)
  })
})

/** One client of a listener, watched. */
function guestOf(visit: Omit<Visit, 'source' | 'to'> = {}) {
  const host = hostOf()
  host.open(OWN)
  host.clock.runUntilIdle()
  host.visit(OWN, visit)
  const guest = host.guests[0]!
  const gone: number[] = []
  guest.watch(() => gone.push(host.clock.now()))
  return { ...host, guest, gone, close: () => host.quietly(() => guest.close()) }
}

describe('a guest', () => {
  test.each([
    [{}, []],
    [{ send: '' }, [10, 30, 50]],
    [{ send: 'x', sendAfterMs: 30 }, [30, 50]],
  ])('with %j has spoken at %j', (visit, spoken) => {
    const { guest, clock } = guestOf(visit)
    const times = [10, 30, 50].filter((ms) => {
      clock.runUntil(ms)
      return guest.hasSpoken()
    })
    expect(times).toEqual(spoken)
  })

  test('goes when it said it would', () => {
    const { clock, gone, inbound } = guestOf({ closeAfterMs: 40 })
    clock.runUntil(39)
    expect([gone, inbound.open.length]).toEqual([[], 2])
    clock.runUntilIdle()
    expect([gone, inbound.open.length]).toEqual([[40], 1])
  })

  test('that is closed is told to have gone, later and once; nothing is left of it', () => {
    const { clock, guest, gone, close, inbound } = guestOf({ closeAfterMs: 40 })
    close()
    guest.close()
    expect([gone, inbound.open.length, clock.results]).toEqual([[], 1, 1])
    clock.runUntilIdle()
    expect(gone).toEqual([0])
  })

  test('that nobody watches goes without a word', () => {
    const host = hostOf()
    host.open(OWN)
    host.clock.runUntilIdle()
    host.visit()
    host.guests[0]!.close()
    host.visit()
    host.inbound.kill(STRANGER, 'reset')
    expect([host.clock.results, host.inbound.open.length]).toEqual([0, 1])
  })

  test.each<[KillHow, readonly number[]]>([
    ['reset', [20]],
    ['fin', [20]],
    ['vanish', []],
  ])('that is killed by %s', (how, expected) => {
    const { clock, inbound, gone, guest } = guestOf({ send: 'x', sendAfterMs: 30, closeAfterMs: 40 })
    clock.runUntil(20)
    inbound.kill(`${STRANGER}:40000`, how)
    clock.runUntil(100)
    expect(gone).toEqual(expected)
    expect([inbound.open.length, guest.hasSpoken()]).toEqual([how === 'vanish' ? 2 : 1, false])
  })

  test('has said what it has said, though it vanishes then', () => {
    const { clock, inbound, guest } = guestOf({ send: 'x' })
    clock.runUntil(20)
    inbound.kill(STRANGER, 'vanish')
    expect(guest.hasSpoken()).toBe(true)
  })

  test('is not meant by another source', () => {
    const { inbound, gone } = guestOf()
    inbound.kill(`${STRANGER}:40001`, 'reset')
    inbound.kill('203.0.113.8', 'reset')
    expect(gone).toEqual([])
  })

  test('lives on when its listener has closed', () => {
    const { clock, inbound, gone, log } = guestOf({ closeAfterMs: 40 })
    inbound.die(`${OWN}:1194/tcp`, 'ENETDOWN')
    expect(log.at(-1)).toBe('0 1 failed ENETDOWN accept')
    expect(inbound.open).toEqual([`the client ${STRANGER}:40000 of listener 1`])
    clock.runUntilIdle()
    expect(gone).toEqual([40])
  })
})

describe('death', () => {
  test('frees the port, and is that of one socket', () => {
    const host = hostOf()
    bindAll(host, [OWN], [OWN, 1194, 'udp'], ['::'])
    host.inbound.die(`${OWN}:1194/udp`, 'EIO')
    host.inbound.die(`${OWN}:1194/udp`, 'EIO')
    host.inbound.die(`${OWN}:9/tcp`, 'EIO')
    host.open(OWN, 1194, 'udp')
    host.clock.runUntilIdle()
    expect(host.log.slice(3)).toEqual(['0 2 failed EIO accept', `0 4 bound ${OWN}:1194`])
  })

  test('before it is told to be bound it was never bound', () => {
    const host = hostOf()
    host.open(OWN)
    host.inbound.die(`${OWN}:1194/tcp`, 'EIO')
    host.clock.runUntilIdle()
    expect(host.log).toEqual(['0 1 failed EIO bind'])
  })
})

test('whoever has no route is told so, and not from inside', () => {
  const host = hostOf()
  const socket = host.open('::', 1194, 'udp')
  host.settle()
  host.ports.changeOwn([OWN])
  const told: string[] = []
  socket.send(Uint8Array.of(1), (why) => told.push(`${why.code} ${why.stage}`))
  socket.send(Uint8Array.of(2))
  expect(told).toEqual([])
  host.settle()
  expect([told, host.inbound.sent]).toEqual([['ENETUNREACH connected'], 0])
})

describe('conservation', () => {
  test('the books throw for what is opened or closed twice', () => {
    const { inbound } = hostOf()
    const listener = { listener: 3, transport: 'udp', receive: () => {}, admit: () => {}, die: () => {} } as const
    const guest = { listener: 3, remote: { family: 'ipv4', address: STRANGER, port: 9 }, kill: () => {} } as const
    for (const [entry, name] of [
      [listener, 'the udp socket of listener 3'],
      [guest, `the client ${STRANGER}:9 of listener 3`],
    ] as const) {
      inbound.enter(entry)
      expect(inbound.open).toEqual([name])
      expect(() => inbound.enter(entry)).toThrow(`${name} was opened twice`)
      inbound.strike(entry)
      expect(() => inbound.strike(entry)).toThrow(`${name} was closed twice`)
    }
  })
})

test('a program may look at a socket, and at a client', () => {
  const host = hostOf()
  const socket = host.open(OWN)
  host.clock.runUntilIdle()
  host.visit()
  expect(socket.handle).toMatchObject({ listener: 1, local: { address: OWN, port: 1194 } })
  expect(host.guests[0]!.handle).toMatchObject({ remote: { address: STRANGER }, local: { address: OWN } })
})
