import { expect, test } from 'vitest'
import type { PeerConfigInput } from '../../src/config/peer-schema.ts'
import { PeerNet, peerOn } from './peer-stage.ts'

const A4 = '198.51.100.1'
const A6 = '2001:db8::1'
const B4 = '203.0.113.1'
const B6 = '2001:db8:b::1'
const all = (...hosts: string[]): PeerConfigInput => {
  return {
    mode: 'p2p',
    sockets: 'all',
    listen: {},
    remotes: hosts.map((host) => ({ host, confirm: { kind: 'peer' } })),
  }
}

test('R5 all: two peers meet on the first path that works', () => {
  const net = new PeerNet()
  const a = peerOn(net, [A4, A6], all(B6, B4), 1)
  const b = peerOn(net, [B4, B6], all(A6, A4), 2)
  a.start()
  b.start()
  net.clock.runUntil(1_000)
  for (const [peer, moment] of [
    [a, 4],
    [b, 3],
  ] as const)
    expect(peer.lines().slice(-2)).toEqual([
      `${moment} attempt 1 confirmed after 1 sent 3 received`,
      `${moment} attempt 1 won`,
    ])
  a.say('hello')
  b.say('hi')
  net.clock.runUntil(1_001)
  expect([a.inbox, b.inbox]).toEqual([['hi'], ['hello']])
  a.stop()
  b.stop()
  expect(a.lines()).toEqual(['1001 client stopped', '1001 peer stopped'])
  expect([net.open, net.clock.timers, a.errors, b.errors]).toEqual([0, 0, [], []])
})
