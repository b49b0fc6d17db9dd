import { describe, expect, test } from 'vitest'
import { virtualExchange } from '../../src/sim/exchanges.ts'

describe('virtualExchange', () => {
  test('none confirms nothing', () => {
    expect(virtualExchange({ kind: 'none' })).toBeUndefined()
  })

  test.each(['ping', 'h\u00e9llo \ud83d\ude00', '100%', 'lone \ud800 surrogate'])('reply sends %j as UTF-8', (text) => {
    const exchange = virtualExchange({ kind: 'reply', text })
    expect(exchange?.request).toEqual(new Uint8Array(new TextEncoder().encode(text)))
    expect(exchange?.receive(Uint8Array.of())).toBe('confirmed')
    expect(exchange?.takeEarly?.()).toEqual([Uint8Array.of()])
  })

  test('openvpn takes its own reset back, and nothing else', () => {
    const exchange = virtualExchange({ kind: 'openvpn' })
    if (!exchange) throw new Error('there is an exchange')
    expect(exchange.receive(exchange.request.slice())).toBe('confirmed')
    expect(exchange.receive(exchange.request.slice(1))).toMatchObject({ code: 'BAD_REPLY', stage: 'confirm' })
    expect(exchange.receive(exchange.request.map((byte) => byte ^ 1))).toMatchObject({ code: 'BAD_REPLY' })
    expect(exchange.takeEarly).toBeUndefined()
  })
})
