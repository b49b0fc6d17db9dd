import { createHmac } from 'node:crypto'
import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import type { Candidate } from '../../src/candidate.ts'
import { type Confirmation, DIGESTS } from '../../src/config/schema.ts'
import { Vault } from '../../src/config/vault.ts'
import type { Exchange } from '../../src/confirmation.ts'
import { exchanges } from '../../src/node/confirmations.ts'

const UDP: Candidate = { remote: 0, transport: 'udp', family: 'ipv4', address: '192.0.2.1', port: 1194, hops: [] }
const TCP: Candidate = { ...UDP, transport: 'tcp' }
const KEY = Uint8Array.from({ length: 256 }, (_, i) => (i * 7) & 0xff)

const vault = new Vault()
vault.add(KEY)
vault.add(KEY.subarray(0, 16))
const make = exchanges(vault, () => 0x65000000)
const exchange = (confirmation: Confirmation, candidate = UDP) => make(confirmation, candidate) as Exchange
const tlsAuth = (auth: string, key = 'key:1'): Confirmation => ({
  kind: 'openvpn',
  wrap: { kind: 'tls-auth', key, direction: 1, auth: auth as (typeof DIGESTS)[number] },
})

describe('exchanges', () => {
  it('has nothing to confirm for none', () => {
    expect(make({ kind: 'none' }, UDP)).toBeUndefined()
  })

  it('sends the text of reply, takes any datagram and keeps it', () => {
    const reply = exchange({ kind: 'reply', text: 'höla' })
    expect(new TextDecoder().decode(reply.request)).toBe('höla')
    expect(reply.receive(new Uint8Array(0))).toBe('confirmed')
    expect(reply.takeEarly?.()).toEqual([new Uint8Array(0)])
  })

  it('makes a hard reset with a session id of its own for each attempt, framed over TCP', () => {
    const [one, two] = [exchange({ kind: 'openvpn' }), exchange({ kind: 'openvpn' })]
    expect(one.request).toHaveLength(14)
    expect(one.request[0]).toBe(0x38)
    expect(one.request.subarray(1, 9)).not.toEqual(two.request.subarray(1, 9))
    expect(exchange({ kind: 'openvpn' }, TCP).request.subarray(0, 3)).toEqual(Uint8Array.of(0, 14, 0x38))
  })

  it('knows every digest of the language', () => {
    for (const digest of DIGESTS) expect(make(tlsAuth(digest), UDP)).toHaveProperty('request')
  })

  it.each([
    ['SHA1', 20],
    ['SHA256', 32],
    ['SHA512', 64],
    ['BLAKE2B512', 64],
  ])('signs with %s, %i bytes', (auth, length) => {
    const { request } = exchange(tlsAuth(auth))
    expect(request).toHaveLength(14 + length + 8)
    const [head, mac, rest] = [request.subarray(0, 9), request.subarray(9, 9 + length), request.subarray(9 + length)]
    const signed = Buffer.concat([rest.subarray(0, 8), head, rest.subarray(8)])
    expect(Buffer.from(mac)).toEqual(
      createHmac(auth, KEY.subarray(192, 192 + length))
        .update(signed)
        .digest(),
    )
    expect(Buffer.from(rest.subarray(0, 8)).toString('hex')).toBe('0000000165000000')
  })

  it('wraps for tls-crypt', () => {
    expect(exchange({ kind: 'openvpn', wrap: { kind: 'tls-crypt', key: 'key:1' } }).request).toHaveLength(
      9 + 8 + 32 + 5,
    )
  })

  it.each([
    ['a key that is not in the vault', tlsAuth('SHA1', 'key:9'), 'BAD_KEY', /tls-auth key/],
    ['a key of another length', tlsAuth('SHA1', 'key:2'), 'BAD_KEY', /tls-auth key/],
    ['no such key', { kind: 'openvpn', wrap: { kind: 'tls-crypt', key: 'key:9' } }, 'BAD_KEY', /tls-crypt key/],
    ['a digest that is not there', tlsAuth('WHIRLPOOL9'), 'BAD_DIGEST', /"WHIRLPOOL9"/],
  ] as const)('fails, and throws nothing, for %s', (_, confirmation, code, message) => {
    expect(make(confirmation, UDP)).toEqual({
      code,
      stage: 'confirm',
      message: expect.stringMatching(message) as string,
    })
  })

  it('shows nothing of a key', () => {
    const part = KEY.subarray(192, 200)
    const shown = (value: unknown) => {
      const text = inspect(value, { depth: 9, showHidden: true, maxArrayLength: null })
      return [part.join(', '), part.join(','), Buffer.from(part).toString('hex')].some((spelling) =>
        text.replaceAll(/\s+/g, ' ').includes(spelling),
      )
    }
    expect([shown([...KEY]), shown(Buffer.from(KEY).toString('hex'))]).toEqual([true, true])
    const exchanged = exchange(tlsAuth('SHA1'))
    const hex = Buffer.from(exchanged.request).toString('hex')
    for (const made of [exchanged, hex, make(tlsAuth('nope'), UDP), vault, make]) expect(shown(made)).toBe(false)
  })
})
