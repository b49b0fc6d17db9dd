import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { MAX_ADDRESSES } from '../src/answer.ts'
import { type Candidate, candidatesOf, familiesOf } from '../src/candidate.ts'
import { type CandidateOrder, ClientSchema, type Remote } from '../src/config/schema.ts'
import { type Address, parseAddress } from '../src/endpoint.ts'

const remoteOf = (input: object): Remote =>
  ClientSchema.parse({ remotes: [{ host: 'vpn.test', ...input }] }).remotes[0]!
const REMOTE = remoteOf({ proto: 'tcp', port: 443 })
const orderOf = (kind: CandidateOrder['kind'], count = 1): CandidateOrder => ({ kind, count })
const AS_RETURNED = orderOf('as-returned')

const addresses = (candidates: readonly Candidate[]) => candidates.map(({ address }) => address)
const reasons = (remote: Remote, answer: readonly string[], locals?: readonly Address[]) =>
  candidatesOf(remote, 0, answer, AS_RETURNED, locals).skipped.map(({ candidate, failure }) => [
    candidate?.address ?? null,
    failure.code,
    failure.message,
  ])

test('a candidate is one address of its remote, ready to be dialled', () => {
  expect(candidatesOf(REMOTE, 3, ['2001:DB8::1'], AS_RETURNED)).toStrictEqual({
    candidates: [{ remote: 3, transport: 'tcp', family: 'ipv6', address: '2001:db8::1', port: 443, hops: [] }],
    skipped: [],
  })
})

describe('R9 behind hops', () => {
  const HOPS = [
    { kind: 'ferry', host: 'near.test', port: 8080, settings: { login: 'key:1' } },
    { kind: 'ferry', host: 'far.test', port: 8081 },
  ]
  const BEHIND = { proto: 'tcp', port: 443, hops: HOPS }

  test('a candidate is one address of the first hop; the way ends at the remote, unresolved, and shows no settings', () => {
    const hops = [
      { kind: 'ferry', host: 'near.test', port: 8080 },
      { kind: 'ferry', host: 'far.test', port: 8081 },
      { kind: 'target', host: 'vpn.test', port: 443 },
    ]
    expect(candidatesOf(remoteOf(BEHIND), 3, ['192.0.2.1', '2001:db8::1'], AS_RETURNED).candidates).toStrictEqual([
      { remote: 3, transport: 'tcp', family: 'ipv4', address: '192.0.2.1', port: 8080, hops },
      { remote: 3, transport: 'tcp', family: 'ipv6', address: '2001:db8::1', port: 8080, hops },
    ])
  })

  test('R1 R6 families and local addresses are judged by the addresses of the first hop', () => {
    expect(reasons(remoteOf({ ...BEHIND, family: 'ipv6' }), ['192.0.2.1'])).toEqual([
      ['192.0.2.1', 'REMOTE_FAMILY', 'ipv6 is forced for this remote'],
    ])
    const local = [parseAddress('2001:db8::fe')!]
    expect(reasons(remoteOf(BEHIND), ['192.0.2.1', '2001:db8::1'], local)).toEqual([
      ['192.0.2.1', 'LOCAL_FAMILY', 'the local address 2001:db8::fe is not ipv4'],
    ])
  })

  test('R1 a forced family says nothing about the address of the remote, which the last hop dials', () => {
    const remote = { host: '192.0.2.9', proto: 'tcp', family: 'ipv6', hops: HOPS } as const
    expect(ClientSchema.safeParse({ remotes: [remote] }).success).toBe(true)
    const [near] = HOPS
    const literal = { ...remote, hops: [{ ...near, host: '192.0.2.1' }] }
    expect(JSON.stringify(ClientSchema.safeParse({ remotes: [literal] }).error)).toContain(
      '192.0.2.1 is no ipv6 address',
    )
  })
})

test('R1 the resolver is asked for the forced family only', () => {
  expect(familiesOf(REMOTE)).toEqual(['ipv4', 'ipv6'])
  expect(familiesOf(remoteOf({ family: 'ipv6' }))).toEqual(['ipv6'])
})

describe('R3 order inside one remote', () => {
  const ANSWER = ['2001:db8::1', '2001:db8::2', '192.0.2.1', '2001:db8::3', '192.0.2.2', '192.0.2.3', '192.0.2.4']
  const SHORT = { '2001:db8::1': 'a', '2001:db8::2': 'b', '2001:db8::3': 'c' } as Record<string, string>
  const spell = (list: readonly Candidate[]) => list.map(({ address }) => SHORT[address] ?? address.slice(-1)).join('')

  test.each([
    ['as-returned', 1, 'ab1c234'],
    ['ipv4-first', 1, '1234abc'],
    ['ipv6-first', 1, 'abc1234'],
    ['first-other', 1, 'a1bc234'],
    ['interleave', 1, 'a1b2c34'],
    ['interleave', 2, 'ab1c234'],
    ['interleave', 25, 'abc1234'],
  ] as const)('%s %i', (kind, count, order) => {
    expect(spell(candidatesOf(REMOTE, 0, ANSWER, orderOf(kind, count)).candidates)).toBe(order)
  })

  test('interleave starts with the family that came first', () => {
    const { candidates } = candidatesOf(REMOTE, 0, ANSWER.toReversed(), orderOf('interleave', 2))
    expect(spell(candidates)).toBe('43c2b1a')
  })

  test('one family alone stays as it came, whatever the order', () => {
    const answer = ['192.0.2.3', '192.0.2.1', '192.0.2.2']
    for (const kind of ['as-returned', 'interleave', 'first-other', 'ipv6-first', 'ipv4-first'] as const) {
      expect(addresses(candidatesOf(REMOTE, 0, answer, orderOf(kind)).candidates)).toEqual(answer)
      expect(candidatesOf(REMOTE, 0, [], orderOf(kind))).toEqual({ candidates: [], skipped: [] })
    }
  })

  test('is a permutation that keeps the order inside each family', () => {
    const kind = fc.constantFrom('as-returned', 'interleave', 'first-other', 'ipv6-first', 'ipv4-first')
    const address = fc.oneof(
      fc.nat(99).map((n) => `192.0.2.${n}`),
      fc.nat(99).map((n) => `2001:db8::${n}`),
    )
    const answer = fc.uniqueArray(address, { maxLength: MAX_ADDRESSES })
    fc.assert(
      fc.property(kind, fc.integer({ min: 1, max: 25 }), answer, (kind, count, answer) => {
        const { candidates, skipped } = candidatesOf(REMOTE, 0, answer, orderOf(kind, count))
        const canonical = answer.map((text) => parseAddress(text)!)
        expect(skipped).toEqual([])
        for (const family of ['ipv4', 'ipv6'] as const)
          expect(addresses(candidates.filter((one) => one.family === family))).toEqual(
            canonical.filter((one) => one.family === family).map((one) => one.address),
          )
      }),
    )
  })
})

describe('what is skipped, and why', () => {
  test('R1 the other family than the forced one', () => {
    const remote = remoteOf({ family: 'ipv4' })
    expect(reasons(remote, ['2001:db8::1', '192.0.2.1'])).toEqual([
      ['2001:db8::1', 'REMOTE_FAMILY', 'ipv4 is forced for this remote'],
    ])
  })

  test('R1 a mapped address is its IPv4 address, and judged as one', () => {
    const { candidates, skipped } = candidatesOf(
      REMOTE,
      0,
      ['::ffff:192.0.2.1', '::ffff:224.0.0.1', '::ffff:0.0.0.0%lo'],
      AS_RETURNED,
    )
    expect(candidates.map(({ family, address }) => [family, address])).toEqual([['ipv4', '192.0.2.1']])
    expect(skipped.map(({ candidate }) => candidate?.address)).toEqual(['224.0.0.1', '0.0.0.0'])
  })

  test('what cannot be dialled', () => {
    expect(reasons(REMOTE, ['0.0.0.0', '::', '255.255.255.255', 'ff02::1', 'fe80::1'])).toEqual([
      ['0.0.0.0', 'BAD_ADDRESS', 'the unspecified address cannot be dialled'],
      ['::', 'BAD_ADDRESS', 'the unspecified address cannot be dialled'],
      ['255.255.255.255', 'BAD_ADDRESS', 'the broadcast address cannot be dialled'],
      ['ff02::1', 'BAD_ADDRESS', 'a multicast address cannot be dialled'],
      ['fe80::1', 'BAD_ADDRESS', 'a link-local address without a zone (%interface) cannot be dialled'],
    ])
  })

  test('what is no address: quoted safely, and not much of it', () => {
    const [[address, code, message] = []] = reasons(REMOTE, [`\u001b[2J\u202e${'x'.repeat(500)}`])
    expect([address, code]).toEqual([null, 'BAD_ADDRESS'])
    expect(message).toBe(
      `the resolver answered with something that is no address: "${String.raw`\u001b[2J\u202e`}${'x'.repeat(59)}"`,
    )
    // Nothing that the C library would take for an address is dialled either.
    expect(candidatesOf(REMOTE, 0, ['127.1', 'vpn.test', '', '127.0.0.1\0'], AS_RETURNED).candidates).toEqual([])
  })

  test('R6 the other family than the local one', () => {
    const locals = [parseAddress('198.51.100.254')!, parseAddress('198.51.100.253')!]
    expect(reasons(REMOTE, ['2001:db8::1', '192.0.2.1'], locals)).toEqual([
      ['2001:db8::1', 'LOCAL_FAMILY', 'the local address 198.51.100.254, 198.51.100.253 is not ipv6'],
    ])
    expect(reasons(REMOTE, ['2001:db8::1', '192.0.2.1'], [...locals, parseAddress('::1')!])).toEqual([])
  })
})

describe('limits', () => {
  test('an address counts once, in whatever spelling', () => {
    const answer = ['2001:db8::1', '2001:DB8:0::1', '192.0.2.1', '::ffff:192.0.2.1', 'fe80::1%a', 'fe80::1%b', 'x', 'x']
    const { candidates, skipped } = candidatesOf(REMOTE, 0, answer, AS_RETURNED)
    expect(addresses(candidates)).toEqual(['2001:db8::1', '192.0.2.1', 'fe80::1%a', 'fe80::1%b'])
    expect(skipped).toHaveLength(1)
  })

  test('25 addresses are taken, the rest is dropped with one note', () => {
    const answer = Array.from({ length: 3000 }, (_, n) => `10.0.${n >> 8}.${n & 255}`)
    const { candidates, skipped } = candidatesOf(REMOTE, 0, [...answer, ...answer], AS_RETURNED)
    expect(addresses(candidates)).toEqual(answer.slice(0, 25))
    expect(skipped).toEqual([
      {
        candidate: null,
        failure: {
          code: 'TOO_MANY_ADDRESSES',
          stage: 'plan',
          message: '2975 more addresses of vpn.test were dropped: 25 are used at most',
        },
      },
    ])
    expect(candidatesOf(REMOTE, 0, answer.slice(0, 25), AS_RETURNED).skipped).toEqual([])
  })
})
