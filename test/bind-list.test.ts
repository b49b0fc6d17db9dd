import { describe, expect, test } from 'vitest'
import { bindListOf, hostOf, multihomeWarning, nameOf } from '../src/bind-list.ts'
import { MAX_ADDRESSES } from '../src/answer.ts'
import { type Listen, type ServerConfigInput, ServerSchema } from '../src/config/server-schema.ts'

const NOWHERE = hostOf({ addresses: [], multihome: false })
const blockOf = (input: ServerConfigInput['listen'][number]): Listen =>
  ServerSchema.parse({ listen: [input] }).listen[0]!
const placesOf = (input: ServerConfigInput['listen'][number], answer: readonly string[] = [], host = NOWHERE) =>
  bindListOf(blockOf(input), answer, host).places.map(({ kind, address }) => `${kind} ${address}`)

describe('R2 what is bound', () => {
  test.each([
    [{}, ['wildcard 0.0.0.0', 'wildcard ::']],
    [{ family: 'ipv4' }, ['wildcard 0.0.0.0']],
    [{ family: 'ipv6' }, ['wildcard ::']],
    [{ host: '::' }, ['wildcard 0.0.0.0', 'wildcard ::']],
    [{ host: '::', family: 'ipv6' }, ['named ::']],
    [{ host: '0.0.0.0' }, ['named 0.0.0.0']],
    [{ host: '198.51.100.1' }, ['named 198.51.100.1']],
    [{ host: '2001:db8::1', family: 'ipv6' }, ['named 2001:db8::1']],
    [{ host: 'fe80::1%eth0' }, ['named fe80::1%eth0']],
  ] as const)('%j without asking anybody', (input, places) => {
    expect(nameOf(blockOf(input))).toBeUndefined()
    expect(placesOf(input)).toEqual(places)
  })

  test('every address of a name, in the order returned', () => {
    const input = { host: 'vpn.test' }
    expect(nameOf(blockOf(input))).toBe('vpn.test')
    expect(placesOf(input, ['198.51.100.2', '2001:db8::1', '198.51.100.1', '198.51.100.2'])).toEqual([
      'named 198.51.100.2',
      'named 2001:db8::1',
      'named 198.51.100.1',
    ])
  })

  test('no more than 25 of them, and one note for the rest', () => {
    const answer = Array.from({ length: 30 }, (_, i) => `198.51.100.${i}`)
    const { places, skipped } = bindListOf(blockOf({ host: 'vpn.test' }), answer, NOWHERE)
    expect(places).toHaveLength(MAX_ADDRESSES)
    expect(skipped).toEqual([
      {
        endpoint: null,
        failure: {
          code: 'TOO_MANY_ADDRESSES',
          stage: 'plan',
          message: '5 more addresses of vpn.test were dropped: 25 are used at most',
        },
      },
    ])
  })

  test('R1 of the forced family only', () => {
    const { places, skipped } = bindListOf(
      blockOf({ host: 'vpn.test', family: 'ipv4', port: 7 }),
      ['2001:db8::1', '198.51.100.1'],
      NOWHERE,
    )
    expect(places).toEqual([{ kind: 'named', family: 'ipv4', address: '198.51.100.1' }])
    expect(skipped).toEqual([
      {
        endpoint: { family: 'ipv6', address: '2001:db8::1', port: 7 },
        failure: { code: 'LOCAL_FAMILY', stage: 'plan', message: 'ipv4 is forced for this block' },
      },
    ])
  })
})

describe('R4 multihome', () => {
  const addresses = ['198.51.100.1', 'no address', '2001:db8::1', '127.0.0.1']
  const host = hostOf({ addresses, multihome: true })

  test.each([
    [{ proto: 'udp' }, ['own 198.51.100.1', 'own 127.0.0.1', 'own 2001:db8::1']],
    [{ proto: 'udp', family: 'ipv6' }, ['own 2001:db8::1']],
    [{ proto: 'udp', host: '0.0.0.0' }, ['own 198.51.100.1', 'own 127.0.0.1']],
    [{ proto: 'udp', host: '198.51.100.9' }, ['named 198.51.100.9']],
    [{ proto: 'tcp' }, ['wildcard 0.0.0.0', 'wildcard ::']],
  ] as const)('of %j', (input, places) => {
    expect(placesOf(input, [], host)).toEqual(places)
  })

  const crowded = { addresses: ['2001:db8::1', '2001:db8::2', 'nonsense', '198.51.100.1'], multihome: false }
  test.each([
    ['a UDP wildcard where a family has several addresses', { proto: 'udp' }, crowded, true],
    ['multihome itself', { proto: 'udp' }, { ...crowded, multihome: true }, false],
    ['TCP, which answers where it was asked', { proto: 'tcp' }, crowded, false],
    ['the other family', { proto: 'udp', family: 'ipv4' }, crowded, false],
    ['a named address', { proto: 'udp', host: '2001:db8::1' }, crowded, false],
    ['a name', { proto: 'udp', host: 'vpn.test' }, crowded, false],
    [
      'addresses that only this host or link knows',
      { proto: 'udp' },
      { addresses: ['127.0.0.1', '127.0.0.2', '169.254.0.1', '::1', 'fe80::1%a', 'fe80::1%b'], multihome: false },
      false,
    ],
  ] as const)('warns of %s: %#', (_, input, where, warns) => {
    expect(multihomeWarning(blockOf(input), hostOf(where)) !== undefined).toBe(warns)
  })
})
