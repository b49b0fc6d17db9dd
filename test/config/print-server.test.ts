import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseConfig } from '../../src/config/parse.ts'
import { printConfig } from '../../src/config/print.ts'
import { type ServerConfigInput, ServerSchema } from '../../src/config/server-schema.ts'
import { validateConfig } from '../../src/config/validate.ts'
import { parseAddress } from '../../src/endpoint.ts'

const printed = (input: ServerConfigInput) => printConfig(ServerSchema.parse(input)).text.split('\n')

describe('what is listened on', () => {
  test('is a line each, what differs from the defaults above it', () => {
    const listen = [
      {},
      { proto: 'tcp', host: '2001:db8::1', port: 443 },
      { proto: 'tcp', host: 'vpn.example', port: 0 },
    ]
    const config = { listen, handWindow: 1_500, connectFreq: { count: 3, window: 10_000 } } as ServerConfigInput
    expect(printed(config)).toEqual([
      'mode server',
      'hand-window 1.5',
      'connect-freq 3 10',
      'local * 1194 udp',
      'local 2001:db8::1 443 tcp',
      'local vpn.example 0 tcp',
      '',
    ])
  })

  test('R1 shares a family that is forced for all', () => {
    const listen = [{ family: 'ipv6' }, { family: 'ipv6', port: 443 }] as const
    expect(printed({ listen })).toEqual(['mode server', 'ipv6', 'local * 1194 udp', 'local * 443 udp', ''])
  })

  test('R1 is a block each where the families differ', () => {
    const lines = [
      '<listen>',
      '  local * 1194 udp',
      '  ipv4',
      '</listen>',
      '<listen>',
      '  local * 443 udp',
      '</listen>',
    ]
    expect(printed({ listen: [{ family: 'ipv4' }, { port: 443 }] })).toEqual(['mode server', ...lines, ''])
  })
})

const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined })
const ms = fc.oneof(fc.integer({ min: 1, max: 2_147_483_647 }), fc.constantFrom(1000, 1500, 60_000))
const rate = fc.record({ count: fc.integer({ min: 1, max: 65_536 }), window: ms })
const clients = fc.integer({ min: 1, max: 1_000_000 })
const host = fc.oneof(
  fc.constantFrom('::', '0.0.0.0', 'vpn.example', 'VPN.example', 'fe80::1%eth0', `fe80::1%"'\\#;`, '2001:DB8:0::1'),
  fc.ipV4(),
  fc.ipV6(),
)
const anyListen = fc.record({
  proto: fc.constantFrom('udp' as const, 'tcp' as const),
  host: optional(host),
  port: fc.oneof(fc.integer({ min: 0, max: 65535 }), fc.constantFrom(0, 443, 1194)),
  family: optional(fc.constantFrom('ipv4' as const, 'ipv6' as const)),
})
// Most of what chance makes contradicts itself (R1): it is mended, not thrown away.
const listen = anyListen.map(({ family, ...rest }) => {
  return { ...rest, family: rest.host !== undefined && parseAddress(rest.host) ? undefined : family }
})
const input: fc.Arbitrary<ServerConfigInput> = fc.record({
  mode: fc.constant('server' as const),
  listen: fc.array(listen, { minLength: 1, maxLength: 6 }),
  bindPolicy: fc.constantFrom('all' as const, 'any' as const),
  multihome: fc.boolean(),
  resolveTimeout: ms,
  maxClients: clients,
  maxPending: optional(clients),
  handWindow: optional(ms),
  connectFreq: optional(rate),
  sourceFreq: optional(rate),
  amplificationLimit: fc.boolean(),
})

test('every valid configuration of a server comes back from its text, and prints the same again', () => {
  let valid = 0
  fc.assert(
    fc.property(input, (candidate) => {
      const { config } = validateConfig(candidate)
      if (!config) return
      valid++
      const { text, handles } = printConfig(config)
      const again = parseConfig({ text, file: 'printed' })
      expect(again.issues).toEqual([])
      expect(again.config).toEqual(config)
      expect(again.config && printConfig(again.config)).toEqual({ text, handles })
    }),
    { numRuns: 1_500, seed: 6 },
  )
  expect(valid).toBeGreaterThan(1_000)
})
