import { describe, expect, test } from 'vitest'
import type { Guest } from '../../src/dock.ts'
import { type Endpoint, formatEndpoint } from '../../src/endpoint.ts'
import { HeapClock } from '../../src/sim/clock.ts'
import { virtualDock } from '../../src/sim/dock.ts'
import { Internet } from '../../src/sim/internet.ts'
import type { KillHow } from '../../src/sim/network.ts'
import { type PeerWorld, peerWorld } from '../../src/sim/peer-world.ts'
import { readPlace } from '../../src/sim/place.ts'
import { VirtualNames } from '../../src/sim/resolver.ts'
import type { PeerScript } from '../../src/sim/scenario.ts'
import { visitStream, virtualStreams } from '../../src/sim/stream.ts'
import { utf8 } from '../../src/utf8.ts'
import type { WireEvent, WireRequest, WireSocket } from '../../src/wire.ts'

const place = (text: string) => readPlace(text) as Endpoint
const B = place('203.0.113.1:1194')
const STRANGER = { source: place('192.0.2.9:4000'), to: B, transport: 'tcp' } as const

/** Two hosts, `a` that dials and `b` that listens, and what is told: `5 a connected 198.51.100.1:49152`. */
function hosts(listens = true) {
  const clock = new HeapClock()
  const internet = new Internet(clock, [], {})
  const shared = { clock, internet, names: new VirtualNames({}) }
  const script = (own: string) => ({ self: [own], binds: {} }) as unknown as PeerScript
  const a = peerWorld('a', script('198.51.100.1'), shared)
  const b = peerWorld('b', script('203.0.113.1'), shared)
  const log: string[] = []
  const guests: Guest[] = []
  let mayTell = true
  const note = (who: string) => (event: WireEvent) => {
    expect(mayTell, 'it spoke from inside a call').toBe(true)
    log.push(`${clock.now()} ${who} ${said(event)}`)
  }
  const quietly = <T>(run: () => T): T => {
    mayTell = false
    const result = run()
    mayTell = true
    return result
  }
  if (listens) {
    const endpoint = { ...B, address: '0.0.0.0' }
    virtualDock(() => b).open({ listener: 1, transport: 'tcp', endpoint }, (event) => {
      if (event.type !== 'arrived') return
      const { guest } = event
      guests.push(guest)
      log.push(`${clock.now()} b arrived ${formatEndpoint(guest.remote)}`)
      guest.watch(() => log.push(`${clock.now()} b gone`))
    })
    clock.runUntil(0)
  }
  const dial = (request: Partial<WireRequest> = {}): WireSocket =>
    quietly(() =>
      virtualStreams(() => a).open(
        { attempt: 1, transport: 'tcp', family: 'ipv4', remote: B, reads: true, ...request },
        note('a'),
      ),
    )
  const adopt = (reads = true) => quietly(() => guests.at(-1)?.adopt?.(reads, note('b'))) as WireSocket
  /** Both ends, when they have met. */
  const pair = (reads = true) => {
    const caller = dial({ reads })
    clock.runUntil(clock.now() + 5)
    const callee = adopt(reads)
    clock.runUntil(clock.now() + 10)
    log.length = 0
    return { caller, callee }
  }
  const got = ({ inbox }: PeerWorld) => inbox.map(({ atMs, text }) => `${atMs} ${text}`)
  return { clock, internet, a, b, log, guests, dial, adopt, pair, got, quietly }
}

function said(event: WireEvent): string {
  if (event.type === 'failed') return `failed ${event.failure.code} ${event.failure.stage}`
  if (event.type === 'received') return `received ${String.fromCharCode(...event.bytes)}`
  if (event.type === 'moved' || event.type === 'negotiated') return event.type
  return `${event.type}${event.local ? ` ${formatEndpoint(event.local)}` : ''}`
}

const open = ({ network, inbound }: PeerWorld) => network.open.length + inbound.open.length

describe('a call', () => {
  test('arrives, is taken, and is connected after the way there and back', () => {
    const { clock, log, dial, adopt } = hosts()
    dial()
    clock.runUntil(5)
    adopt()
    clock.runUntil(100)
    expect(log).toEqual([
      '0 a opened',
      '5 b arrived 198.51.100.1:49152',
      '5 b opened 203.0.113.1:1194',
      '5 b connected 203.0.113.1:1194',
      '10 a connected 198.51.100.1:49152',
    ])
  })

  test('is refused where nobody listens', () => {
    const { clock, a, log, dial } = hosts(false)
    dial()
    clock.runUntil(100)
    expect(log).toEqual(['0 a opened', '10 a failed ECONNREFUSED connect'])
    expect(open(a)).toBe(0)
  })

  test('goes nowhere where nobody is', () => {
    const { clock, log, dial } = hosts()
    dial({ remote: place('192.0.2.1:1') })
    clock.runUntil(100_000)
    expect(log).toEqual(['0 a opened'])
  })

  test('is refused by a listener that is not bound yet, with a reset', () => {
    const { clock, b, log, dial } = hosts(false)
    dial()
    clock.runUntil(4)
    clock.at(5, -1, () => virtualDock(() => b).open({ listener: 1, transport: 'tcp', endpoint: B }, () => {}))
    clock.runUntil(100)
    expect(log.at(-1)).toBe('10 a failed ECONNRESET connected')
    expect(open(b)).toBe(1)
  })

  test.each([
    [{ local: { address: '198.51.100.1', port: 5000 } }, ['0 a opened 198.51.100.1:5000']],
    [{ local: { address: '198.51.100.7', port: 5000 } }, ['0 a failed EADDRNOTAVAIL open']],
    [{ remote: place('[2001:db8::1]:1'), family: 'ipv6' as const }, ['0 a opened', '0 a failed ENETUNREACH connect']],
  ])('binds, and needs a route: %j', (request, expected) => {
    const { clock, log, dial } = hosts()
    dial(request)
    clock.runUntil(0)
    expect(log).toEqual(expected)
  })

  test('that is given up at once tells nothing', () => {
    const { clock, log, dial } = hosts()
    dial().close()
    clock.runUntil(100)
    expect(log).toEqual([])
  })

  test('that is given up on its way arrives at nobody', () => {
    const { clock, a, b, log, dial } = hosts()
    const socket = dial()
    clock.runUntil(1)
    socket.close()
    socket.close()
    clock.runUntil(100)
    expect(log).toEqual(['0 a opened'])
    expect([open(a), open(b)]).toEqual([0, 1])
  })

  test('that is given up when it has arrived ends there too', () => {
    const { clock, a, b, log, dial } = hosts()
    const socket = dial()
    clock.runUntil(7)
    socket.close()
    clock.runUntil(100)
    expect(log).toEqual(['0 a opened', '5 b arrived 198.51.100.1:49152', '12 b gone'])
    expect([open(a), open(b)]).toEqual([0, 1])
  })
})

describe('a guest', () => {
  test('that is not wanted is told so by a reset, and has gone', () => {
    const { clock, a, log, guests, dial, quietly } = hosts()
    dial()
    clock.runUntil(5)
    quietly(() => guests[0]?.close())
    quietly(() => guests[0]?.close())
    clock.runUntil(100)
    expect(log).toEqual([
      '0 a opened',
      '5 b arrived 198.51.100.1:49152',
      '5 b gone',
      '10 a connected 198.51.100.1:49152',
      '10 a failed ECONNRESET connected',
    ])
    expect(open(a)).toBe(0)
  })

  test('keeps what it hears until somebody reads', () => {
    const { clock, b, log, guests, adopt, got } = hosts()
    visitStream(b, { ...STRANGER, send: 'early' })
    expect(guests[0]?.hasSpoken()).toBe(false)
    clock.runUntil(0)
    expect(guests[0]?.hasSpoken()).toBe(true)
    const socket = adopt()
    clock.runUntil(1)
    expect(log.at(-1)).toBe('0 b received early')
    socket.accept(false, [utf8('from before')])
    expect(got(b)).toEqual(['1 from before'])
  })

  test('is handed over with what nobody has read', () => {
    const { clock, b, adopt, got } = hosts()
    visitStream(b, { ...STRANGER, send: 'early' })
    clock.runUntil(0)
    const socket = adopt(false)
    clock.runUntil(1)
    socket.accept(false, [])
    expect(got(b)).toEqual(['1 early'])
  })

  test('may be closed by whoever hears that it is open', () => {
    const { clock, b, guests } = hosts()
    visitStream(b, { ...STRANGER, send: 'early' })
    clock.runUntil(0)
    const log: string[] = []
    const socket = guests[0]?.adopt?.(true, ({ type }) => {
      log.push(type)
      socket?.close()
    })
    clock.runUntil(10)
    expect(log).toEqual(['opened'])
    expect(open(b)).toBe(1)
  })

  test('of the script says what it has to say, and goes when it has to', () => {
    const { clock, b, log } = hosts()
    visitStream(b, { ...STRANGER, closeAfterMs: 30 })
    visitStream(b, { ...STRANGER, to: place('203.0.113.1:7') })
    clock.runUntil(100)
    expect(log).toEqual(['0 b arrived 192.0.2.9:4000', '30 b gone'])
  })
})

describe('a connection', () => {
  test('carries bytes both ways, in their order', () => {
    const { clock, a, b, log, pair, got } = hosts()
    const { caller, callee } = pair()
    caller.send(utf8('one'))
    caller.send(utf8('two'))
    clock.runUntil(20)
    expect(log).toEqual(['20 b received one', '20 b received two'])
    caller.accept(false, [])
    callee.accept(false, [])
    caller.send(utf8('three'))
    callee.send(utf8('four'))
    clock.runUntil(30)
    expect([got(a), got(b)]).toEqual([['25 four'], ['25 three']])
  })

  test('says nothing before it is connected, nor after its end', () => {
    const { clock, b, dial } = hosts()
    const socket = dial()
    socket.send(utf8('too early'))
    clock.runUntil(100)
    socket.close()
    socket.send(utf8('too late'))
    clock.runUntil(200)
    expect(b.inbox).toEqual([])
  })

  test('ends at the other end, too', () => {
    const { clock, a, b, log, pair } = hosts()
    const { callee } = pair()
    callee.close()
    clock.runUntil(100)
    expect(log).toEqual(['15 b gone', '20 a failed CLOSED_BY_PEER connected'])
    expect([open(a), open(b)]).toEqual([0, 1])
  })

  test.each<[KillHow, string]>([
    ['reset', 'ECONNRESET'],
    ['fin', 'CLOSED_BY_PEER'],
  ])('ends at both ends by a %s of the script', (how, code) => {
    const { clock, a, b, log, pair } = hosts()
    pair()
    b.inbound.kill('198.51.100.1', how)
    a.network.kill('203.0.113.1', how)
    clock.runUntil(100)
    expect(log).toEqual([`15 b failed ${code} connected`, `15 a failed ${code} connected`, '15 b gone'])
    expect([open(a), open(b)]).toEqual([0, 1])
  })

  test('that vanishes while its end is on the way there never ends there', () => {
    const { clock, a, b, log, pair } = hosts()
    const { caller, callee } = pair()
    caller.close()
    b.inbound.kill('198.51.100.1', 'vanish')
    clock.runUntil(100)
    expect(log).toEqual([])
    callee.close()
    expect([open(a), open(b)]).toEqual([0, 1])
  })

  test('that vanished is silent for both, and leaves nothing when it is closed', () => {
    const { clock, a, b, log, pair } = hosts()
    const { caller, callee } = pair()
    caller.send(utf8('on its way'))
    a.network.kill('203.0.113.1:1194', 'vanish')
    caller.send(utf8('into nothing'))
    a.network.kill('203.0.113.1:1194', 'reset')
    clock.runUntil(100)
    expect(log).toEqual([])
    caller.close()
    clock.runUntil(200)
    callee.close()
    a.network.kill('203.0.113.1:1194', 'vanish')
    clock.runUntil(300)
    expect(log).toEqual(['200 b gone'])
    expect([open(a), open(b)]).toEqual([0, 1])
  })
})
