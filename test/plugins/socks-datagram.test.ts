import { assert, constantFrom, integer, property, uint8Array } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { socksAddress } from '../../src/plugins/socks-address.ts'
import { socksRelay } from '../../src/plugins/socks-datagram.ts'
import { bytesOf, hexOf, utf8 } from '../../src/utf8.ts'

const RELAY = { host: '198.51.100.7', port: 1080 }
const relayTo = (host: string, port = 443) => socksRelay(RELAY, { host, port })

/** As a relay sends it to us. */
const from = (host: string, port: number, payload: string, head: readonly number[] = [0, 0, 0]) =>
  Uint8Array.of(...head, ...socksAddress({ host, port }), ...utf8(payload))
/** The address in a form that our own side would not write. */
const fromBytes = (address: string, payload = 'hi') => Uint8Array.of(0, 0, 0, ...bytesOf(address), ...utf8(payload))

const said = (bytes: Uint8Array | undefined) => bytes && String.fromCharCode(...bytes)

const KINDS = ['198.51.100.9', '2001:db8::9', 'fe80::9', '::1', 'vpn.example', `${'a'.repeat(63)}.example`] as const

describe('R9 datagrams over a SOCKS relay', () => {
  it.each([
    ['198.51.100.9', '000000 01 c6336409 01bb 6869'],
    ['2001:db8::9', '000000 04 20010db8000000000000000000000009 01bb 6869'],
    ['vpn.example', '000000 03 0b 76706e2e6578616d706c65 01bb 6869'],
  ])('to %s each has a header that names it', (host, wrapped) => {
    expect(hexOf(relayTo(host).wrap(utf8('hi')))).toBe(wrapped.replaceAll(' ', ''))
  })

  it('goes there and comes back with every byte, whatever the target', () => {
    const targets = constantFrom(...KINDS)
    const ports = integer({ min: 1, max: 65_535 })
    assert(
      property(targets, ports, uint8Array({ maxLength: 1_500 }), (host, port, payload) => {
        const relay = relayTo(host, port)
        expect(relay.unwrap(relay.wrap(payload))).toEqual(payload)
      }),
    )
  })

  it('carries a datagram as large as there can be', () => {
    const relay = relayTo('vpn.example')
    const payload = new Uint8Array(65_507).fill(0xa5)
    expect(relay.unwrap(relay.wrap(payload))).toEqual(payload)
  })

  it('carries an empty one', () => {
    expect(relayTo('198.51.100.9').unwrap(from('198.51.100.9', 443, ''))).toEqual(new Uint8Array(0))
  })

  it('does not look at the reserved bytes', () => {
    expect(said(relayTo('198.51.100.9').unwrap(from('198.51.100.9', 443, 'hi', [0xff, 0xff, 0])))).toBe('hi')
  })

  it.each([1, 2, 127, 128, 255])('a fragment is dropped: number %i', (fragment) => {
    expect(relayTo('198.51.100.9').unwrap(from('198.51.100.9', 443, 'hi', [0, 0, fragment]))).toBeUndefined()
  })

  it('what is cut off anywhere in its header is dropped', () => {
    for (const host of KINDS) {
      const whole = from(host, 443, '')
      for (let length = 0; length < whole.length; length++)
        expect(relayTo(host).unwrap(whole.subarray(0, length))).toBeUndefined()
      expect(relayTo(host).unwrap(whole)).toEqual(new Uint8Array(0))
    }
  })

  it.each([0, 2, 5, 255])('an address of type %i is dropped', (type) => {
    expect(relayTo('198.51.100.9').unwrap(Uint8Array.of(0, 0, 0, type, 198, 51, 100, 9, 1, 187, 1))).toBeUndefined()
  })

  it('nothing that comes in can make it throw, and nothing foreign comes through', () => {
    for (const host of ['198.51.100.9', '2001:db8::9', 'vpn.example']) {
      const relay = relayTo(host)
      // Pinned, so that no drawn source can be the first.
      relay.unwrap(from(host, 443, ''))
      const own = hexOf(from(host, 443, '')).slice(6)
      assert(
        property(uint8Array({ maxLength: 64 }), (bytes) => {
          if (relay.unwrap(bytes)) expect(hexOf(bytes.subarray(3)).startsWith(own)).toBe(true)
        }),
      )
    }
  })
})

describe('P1 of a literal target nobody else is heard', () => {
  it.each([
    ['another address', '198.51.100.8', 443],
    ['another port', '198.51.100.9', 444],
    ['a name', 'vpn.example', 443],
    ['an IPv6 address', '2001:db8::9', 443],
    ['the unspecified address', '0.0.0.0', 443],
  ])('%s', (_, host, port) => {
    const relay = relayTo('198.51.100.9')
    expect(relay.unwrap(from(host, port, 'evil'))).toBeUndefined()
    expect(said(relay.unwrap(from('198.51.100.9', 443, 'good')))).toBe('good')
  })

  it('not even who writes its address as a name', () => {
    expect(
      relayTo('198.51.100.9').unwrap(fromBytes(`03 0c ${hexOf(utf8('198.51.100.9'))} 01bb`.replaceAll(' ', ''))),
    ).toBeUndefined()
  })

  it('but itself in IPv6’s clothes, and in another spelling', () => {
    const mapped = '0400000000000000000000ffffc633640901bb'
    expect(said(relayTo('198.51.100.9').unwrap(fromBytes(mapped)))).toBe('hi')
    expect(said(relayTo('::ffff:198.51.100.9').unwrap(from('198.51.100.9', 443, 'hi')))).toBe('hi')
    expect(said(relayTo('2001:DB8:0::9').unwrap(from('2001:db8::9', 443, 'hi')))).toBe('hi')
  })
})

describe('P1 of a name the first source is pinned', () => {
  it('whoever that is, and nobody after', () => {
    const relay = relayTo('vpn.example')
    expect(said(relay.unwrap(from('198.51.100.9', 443, 'first')))).toBe('first')
    expect(relay.unwrap(from('198.51.100.8', 443, 'evil'))).toBeUndefined()
    expect(relay.unwrap(from('2001:db8::9', 443, 'evil'))).toBeUndefined()
    expect(relay.unwrap(from('vpn.example', 443, 'evil'))).toBeUndefined()
    expect(said(relay.unwrap(from('198.51.100.9', 443, 'again')))).toBe('again')
  })

  it('what was dropped has not been the first', () => {
    const relay = relayTo('vpn.example')
    expect(relay.unwrap(from('198.51.100.8', 444, 'another port'))).toBeUndefined()
    expect(relay.unwrap(from('198.51.100.8', 443, 'a fragment', [0, 0, 1]))).toBeUndefined()
    expect(relay.unwrap(from('evil.example', 443, 'another name'))).toBeUndefined()
    expect(said(relay.unwrap(from('198.51.100.9', 443, 'good')))).toBe('good')
  })

  it('a source may have the name itself', () => {
    const relay = relayTo('vpn.example')
    expect(said(relay.unwrap(from('vpn.example', 443, 'good')))).toBe('good')
    expect(relay.unwrap(from('198.51.100.9', 443, 'evil'))).toBeUndefined()
  })

  it('each relay pins for itself', () => {
    const [one, other] = [relayTo('vpn.example'), relayTo('vpn.example')]
    expect(said(one.unwrap(from('198.51.100.9', 443, 'a')))).toBe('a')
    expect(said(other.unwrap(from('198.51.100.8', 443, 'b')))).toBe('b')
  })
})
