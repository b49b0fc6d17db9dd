import { expect, test } from 'vitest'
import { HeapClock } from '../../src/sim/clock.ts'
import { virtualHops } from '../../src/sim/hops.ts'
import type { VirtualHandle } from '../../src/sim/wire.ts'
import { failure } from '../../src/failure.ts'
import { utf8 } from '../../src/utf8.ts'

const hops = virtualHops(() => ({ clock: new HeapClock() }))
const LOCAL = { family: 'ipv4', address: '198.51.100.254', port: 49152 } as const

test('R9 a kind that nobody makes is told', () => {
  const hop = { kind: 'ferry', host: 'near.test', port: 8080, settings: {} }
  const stop = { hop, target: { host: 'vpn.test', port: 443 }, transport: 'tcp', mayQuote: true } as const
  expect(hops.negotiatorFor(stop)).toMatchObject({ code: 'BAD_HOP' })
})

test('a handle over a relay has its messages, and the first reason of its end', () => {
  const closed: string[] = []
  const carrier = { local: LOCAL, remote: LOCAL, send: () => true, close: () => void closed.push('closed') }
  const { handle, deliver, end } = hops.feedFor(carrier)
  const virtual = handle as VirtualHandle
  deliver(utf8('hello'))
  expect(virtual).toMatchObject({ local: LOCAL, remote: LOCAL, messages: [utf8('hello')], failure: undefined })
  end(failure('CLOSED_BY_PEER', 'connected'))
  end(failure('LOCAL_CLOSE', 'connected'))
  virtual.close()
  expect([virtual.failure?.code, closed]).toEqual(['CLOSED_BY_PEER', ['closed']])
})
