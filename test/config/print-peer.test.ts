import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseConfig } from '../../src/config/parse.ts'
import { type PeerConfigInput, PeerSchema } from '../../src/config/peer-schema.ts'
import { printConfig } from '../../src/config/print.ts'
import { validateConfig } from '../../src/config/validate.ts'
import { parseAddress } from '../../src/endpoint.ts'

const printed = (input: Omit<PeerConfigInput, 'mode'>) => {
  const { text, handles } = printConfig(PeerSchema.parse({ mode: 'p2p', ...input }))
  expect(handles).toEqual([])
  return text.trimEnd().split('\n')
}

describe('a peer is printed', () => {
  test('that binds for all', () => {
    const remotes = [{ host: 'a.example' }, { host: '2001:db8::1', port: 443 }]
    expect(printed({ sockets: 'all', listen: {}, remotes })).toEqual([
      'mode p2p',
      'proto udp',
      'lport 1194',
      'remote a.example 1194',
      'remote 2001:db8::1 443',
    ])
  })

  test('that waits, with everything that differs from the defaults', () => {
    const lines = printed({
      sockets: 'roles',
      waits: true,
      listen: { proto: 'tcp', host: 'me.example', port: 0 },
      bindPolicy: 'any',
      float: true,
      confirm: 'none',
      connectTimeout: 2_500,
      keepalive: { ping: 500, restart: 60_000 },
      resolveTimeout: 1_000,
    })
    expect(lines).toEqual([
      'mode p2p',
      'proto tcp-server',
      'local me.example',
      'lport 0',
      'bind-policy any',
      'float',
      'confirm none',
      'connect-timeout 2.5',
      'ping 0.5',
      'ping-restart 60',
      'resolve-timeout 1',
    ])
  })

  test('that is pinned', () => {
    const listen = { host: '198.51.100.1', port: 5000 }
    expect(printed({ sockets: 'pinned', listen, remotes: [{ host: '198.51.100.2' }] })).toEqual([
      'mode p2p',
      'proto udp',
      'p2p-sockets pinned',
      'local 198.51.100.1',
      'lport 5000',
      'remote 198.51.100.2 1194',
    ])
  })

  test('that dials, with what all remotes share above them', () => {
    const local = { port: 0 }
    const remotes = [
      { host: 'a.example', local, family: 'ipv6' as const },
      { host: 'b.example', proto: 'tcp' as const, local, family: 'ipv6' as const },
    ]
    expect(printed({ sockets: 'roles', remotes })).toEqual([
      'mode p2p',
      'lport 0',
      'ipv6',
      'remote a.example 1194 udp-client',
      'remote b.example 1194 tcp-client',
    ])
  })

  test('that dials each remote in another way', () => {
    const remotes = [
      { host: 'a.example', local: { host: '198.51.100.1', port: 1 }, connectTimeout: 1 },
      { host: 'b.example', confirm: { kind: 'reply', text: 'hi you' } as const },
    ]
    expect(printed({ sockets: 'roles', remotes })).toEqual([
      'mode p2p',
      '<connection>',
      '  remote a.example 1194 udp-client',
      '  local 198.51.100.1',
      '  lport 1',
      '  connect-timeout 0.001',
      '</connection>',
      '<connection>',
      '  remote b.example 1194 udp-client',
      '  nobind',
      "  confirm reply 'hi you'",
      '</connection>',
    ])
  })

  test.each([
    ['ipv6', 'ipv6', ['ipv6', 'remote a.example 1194']],
    ['ipv6', undefined, ['bind ipv6only', 'remote a.example 1194']],
    ['ipv6', 'ipv4', ['bind ipv6only', '<connection>', '  remote a.example 1194', '  ipv4', '</connection>']],
    ['ipv4', 'ipv4', ['ipv4', 'remote a.example 1194']],
    ['ipv4', 'ipv6', ['ipv4', '<connection>', '  remote a.example 1194', '  ipv6', '</connection>']],
    [undefined, 'ipv4', ['<connection>', '  remote a.example 1194', '  ipv4', '</connection>']],
  ] as const)('R1 sockets forced to be %s, a remote to be %s', (here, there, lines) => {
    const remotes = [{ host: 'a.example', ...(there && { family: there }) }]
    const all = printed({ sockets: 'all', listen: { ...(here && { family: here }) }, remotes })
    expect(all.filter((line) => !['mode p2p', 'proto udp', 'lport 1194'].includes(line))).toEqual(lines)
  })
})

const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined })
const ms = fc.oneof(fc.integer({ min: 1, max: 2_147_483_647 }), fc.constantFrom(1000, 1500, 10_000))
const family = optional(fc.constantFrom('ipv4' as const, 'ipv6' as const))
const anyPort = fc.constantFrom(0, 443, 1194, 65535)
const port = fc.constantFrom(443, 1194, 65535)
const literal = fc.constantFrom('198.51.100.1', '203.0.113.7', '2001:db8::1', 'fe80::1%eth0', '::', '0.0.0.0')
const host = fc.oneof(literal, fc.constantFrom('peer.example', 'PEER.example', '192.0.2.77'))
const confirm = fc.oneof(
  fc.constantFrom({ kind: 'none' as const }, { kind: 'peer' as const }),
  fc.string({ minLength: 1, maxLength: 12 }).map((text) => ({ kind: 'reply' as const, text })),
)
const local = fc.record({ host: optional(host), port: anyPort })
const proto = fc.constantFrom('udp' as const, 'tcp' as const)
const policy = fc.constantFrom(
  { sockets: 'all', waits: false } as const,
  { sockets: 'pinned', waits: false } as const,
  { sockets: 'roles', waits: true } as const,
  { sockets: 'roles', waits: false } as const,
)
const remote = fc.record({
  host,
  port,
  proto,
  family,
  local: optional(local),
  connectTimeout: optional(ms),
  confirm: optional(confirm),
})
const anyPeer = fc.record({
  policy,
  listen: fc.record({ proto, host: optional(host), port: anyPort, family }),
  remotes: fc.array(remote, { maxLength: 4 }),
  bindPolicy: fc.constantFrom('all' as const, 'any' as const),
  confirm: fc.constantFrom('peer' as const, 'none' as const),
  connectTimeout: ms,
  float: fc.boolean(),
  keepalive: fc.record({ ping: optional(ms), restart: optional(ms) }),
  remoteRandom: fc.boolean(),
  resolveTimeout: ms,
})

// Most of what chance makes contradicts itself: it is mended as far as that is simple, not thrown away.
const input = anyPeer.map(({ policy, listen, remotes, ...rest }): PeerConfigInput => {
  const binds = policy.sockets !== 'roles' || policy.waits
  const transport = policy.waits ? listen.proto : 'udp'
  const forced = (host = '', family: 'ipv4' | 'ipv6' | undefined) => parseAddress(host)?.family ?? family
  return {
    mode: 'p2p',
    ...rest,
    ...policy,
    ...(binds && {
      listen: { ...listen, proto: transport, family: parseAddress(listen.host ?? '') ? undefined : listen.family },
    }),
    remotes: remotes.slice(0, policy.sockets === 'pinned' ? 1 : 4).map((remote) => ({
      ...remote,
      family: binds && listen.family === 'ipv4' ? forced(remote.host, 'ipv4') : forced(remote.host, remote.family),
      ...(binds && { proto: transport, local: undefined }),
      ...((binds ? transport : remote.proto) === 'tcp' && { confirm: { kind: 'peer' as const } }),
    })),
  }
})

test('every valid configuration of a peer comes back from its text, and prints the same again', () => {
  const valid = { all: 0, pinned: 0, waits: 0, dials: 0 }
  const messages = ({ issues }: ReturnType<typeof validateConfig>) => issues.map(({ message }) => message).toSorted()
  fc.assert(
    fc.property(input, (candidate) => {
      const { config, issues } = validateConfig(candidate)
      if (config?.mode !== 'p2p') return
      valid[config.sockets !== 'roles' ? config.sockets : config.waits ? 'waits' : 'dials']++
      const { text, handles } = printConfig(config)
      const again = parseConfig({ text, file: 'printed' })
      expect(messages(again)).toEqual(messages({ issues }))
      expect(again.config).toEqual(config)
      expect(again.config && printConfig(again.config)).toEqual({ text, handles })
    }),
    { numRuns: 3_000, seed: 7 },
  )
  expect(Math.min(...Object.values(valid))).toBeGreaterThan(50)
})
