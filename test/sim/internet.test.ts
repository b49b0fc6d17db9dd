import { describe, expect, test } from 'vitest'
import { type Endpoint, formatEndpoint } from '../../src/endpoint.ts'
import { HeapClock } from '../../src/sim/clock.ts'
import { virtualDock } from '../../src/sim/dock.ts'
import { Internet } from '../../src/sim/internet.ts'
import type { Links, Nat, PeerName } from '../../src/sim/link-script.ts'
import { peerWorld } from '../../src/sim/peer-world.ts'
import { readPlace } from '../../src/sim/place.ts'
import { VirtualNames } from '../../src/sim/resolver.ts'
import type { PeerScript } from '../../src/sim/scenario.ts'
import { bytesOf, hexOf, readUtf8, utf8 } from '../../src/utf8.ts'

const place = (text: string) => readPlace(text) as Endpoint
const A4 = '198.51.100.1:1194'
const B4 = '203.0.113.1:1194'
const B6 = '[2001:db8:b::1]:1194'

/** Two hosts with a socket in each family, and what these hear: `5 b hello from 198.51.100.1:1194`. */
function net(links: Links = [], nat: Nat = {}) {
  const clock = new HeapClock()
  const internet = new Internet(clock, links, nat)
  const shared = { clock, internet, names: new VirtualNames({}) }
  const log: string[] = []
  const hostOf = (name: PeerName, self: string[]) => {
    const world = peerWorld(name, { self, binds: {} } as unknown as PeerScript, shared)
    const sockets = ['0.0.0.0:1194', '[::]:1194'].map((at, i) =>
      virtualDock(() => world).open({ listener: i + 1, transport: 'udp', endpoint: place(at) }, (event) => {
        if (event.type !== 'heard') return
        log.push(`${clock.now()} ${name} ${readUtf8(event.bytes)} from ${formatEndpoint(event.from)}`)
      }),
    )
    return (to: string, text: string) => sockets[to.startsWith('[') ? 1 : 0]?.send(utf8(text), place(to))
  }
  const a = hostOf('a', ['198.51.100.1', '2001:db8:a::1'])
  const b = hostOf('b', ['203.0.113.1', '2001:db8:b::1'])
  clock.runUntil(0)
  return { clock, internet, log, a, b }
}

const link = (from: PeerName, more: Partial<Links[number]> = {}) => ({
  from,
  latencyMs: 5,
  dead: false,
  lose: [],
  ...more,
})

describe('links', () => {
  test('take 5 ms, or what is said, each way and family of its own', () => {
    const { clock, log, a, b } = net([link('a', { family: 'ipv6', latencyMs: 50 })])
    a(B4, 'four')
    a(B6, 'six')
    b(A4, 'back')
    clock.runUntilIdle()
    expect(log).toEqual([`5 b four from ${A4}`, `5 a back from ${B4}`, '50 b six from [2001:db8:a::1]:1194'])
  })

  test('lose by their pattern, from its start again when they change', () => {
    const { clock, internet, log, a } = net([link('a', { lose: [0, 1, 1] })])
    const send = (...texts: string[]) => {
      for (const text of texts) a(B4, text)
      clock.runUntilIdle()
      return log.splice(0).map((line) => line.split(' ')[2])
    }
    expect(send('1', '2', '3', '4', '5')).toEqual(['1', '4'])
    internet.changeLinks([link('a', { lose: [0, 1, 1] })])
    expect(send('1', '2')).toEqual(['1'])
    internet.changeLinks([link('a', { dead: true }), link('a', { family: 'ipv6' })])
    expect(send('3')).toEqual([])
  })

  test('do not hinder a host that speaks to itself', () => {
    const { clock, log, b } = net([link('b', { dead: true })], { b: { [B4]: '192.0.2.8:1' } })
    b(B4, 'me')
    b('127.0.0.1:1194', 'loopback')
    clock.runUntilIdle()
    expect(log).toEqual([`0 b me from ${B4}`, `0 b loopback from ${B4}`])
  })

  test('bring a datagram to nobody where nobody is, nor anything once all is over', () => {
    const { clock, internet, log, a } = net()
    a('192.0.2.1:1', 'nobody')
    a(B4, 'on its way')
    internet.close()
    clock.runUntilIdle()
    expect(log).toEqual([])
  })
})

describe('a NAT', () => {
  const nat = { a: { [A4]: '192.0.2.7:40000' } }

  test('shows the outer endpoint, and lets in whoever sends there, and nowhere else', () => {
    const { clock, log, a, b } = net([], nat)
    a(B4, 'out')
    b('192.0.2.7:40000', 'in')
    b(A4, 'past it')
    clock.runUntilIdle()
    expect(log).toEqual(['5 b out from 192.0.2.7:40000', `5 a in from ${B4}`])
  })

  test('may rebind: what is on its way to the old endpoint arrives nowhere', () => {
    const { clock, internet, log, a, b } = net([], nat)
    b('192.0.2.7:40000', 'too late')
    clock.runUntil(3)
    internet.changeNat({ a: { [A4]: '192.0.2.7:40001' }, b: {} })
    a(B4, 'again')
    b('192.0.2.7:40001', 'in')
    clock.runUntilIdle()
    expect(log).toEqual(['8 b again from 192.0.2.7:40001', `8 a in from ${B4}`])
  })

  test('leaves the other endpoints of its host alone', () => {
    const { clock, log, a } = net([], nat)
    a(B6, 'six')
    clock.runUntilIdle()
    expect(log).toEqual(['5 b six from [2001:db8:a::1]:1194'])
  })
})

describe('a segment of TCP', () => {
  test('waits before a dead link, and goes nowhere when its receiver has gone meanwhile', () => {
    const { clock, internet } = net([link('a', { dead: true }), link('b', { dead: true })])
    const arrived: string[] = []
    const from = peerWorld('a', { self: ['198.51.100.9'], binds: {} } as unknown as PeerScript, {
      clock,
      internet: new Internet(clock, [], {}),
      names: new VirtualNames({}),
    })
    internet.carry(from, place(B4), ({ host, inner }) => arrived.push(`${clock.now()} ${host.name} ${inner.port}`))
    internet.carry(from, place('192.0.2.1:1'), () => arrived.push('nobody'))
    clock.runUntil(1000)
    expect(arrived).toEqual([])
    internet.changeLinks([link('a')])
    internet.carry(from, place(B4), () => arrived.push('behind a NAT'))
    clock.runUntil(1005)
    expect(arrived).toEqual(['1005 b 1194', 'behind a NAT'])
    internet.carry(from, place(B4), () => arrived.push('gone'))
    internet.changeNat({ b: { [B4]: '192.0.2.8:1' } })
    clock.runUntilIdle()
    expect(arrived).toHaveLength(2)
  })
})

test('what was sent can be looked up, as far as it is kept', () => {
  const { internet, a } = net()
  for (let n = 1; n <= 1001; n++) a(B4, `${n}`)
  expect([1, 1000, 1001].map((n) => readUtf8(internet.sentBy('a', n) ?? utf8('forgotten')))).toEqual([
    '1',
    '1000',
    'forgotten',
  ])
  expect(internet.sentBy('b', 1)).toBeUndefined()
})

test('bytes that are no text are told as hexadecimal', () => {
  expect(readUtf8(bytesOf('c3a9'))).toBe('é')
  expect(readUtf8(bytesOf('ff00'))).toBeUndefined()
  expect([hexOf(bytesOf('ff00')), bytesOf('')]).toEqual(['ff00', Uint8Array.of()])
})
