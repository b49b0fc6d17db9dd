import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseAddress } from '../../src/endpoint.ts'
import { parseConfig } from '../../src/config/parse.ts'
import { printConfig } from '../../src/config/print.ts'
import {
  type ClientConfig,
  type ClientConfigInput,
  ClientSchema,
  DIGESTS,
  type HopConfig,
} from '../../src/config/schema.ts'
import { validateConfig } from '../../src/config/validate.ts'
import { Vault } from '../../src/config/vault.ts'
import { hopMakersOf } from '../../src/node/plugins/socket-plugins.ts'
import { KNOWN_PLUGINS } from '../../src/plugins/known.ts'
import { RELAY, TUBE } from './relay-plugin.ts'

const plugins = new Map([...KNOWN_PLUGINS.values(), RELAY, TUBE].map((module) => [module.name, module]))
const makers = hopMakersOf([RELAY, TUBE].map(({ name, create }) => create({ name, words: [], directives: [] })))

const reparsed = (config: ClientConfig, vault = new Vault()) => {
  const { text, handles } = printConfig(config, { plugins })
  return parseConfig({ text, file: 'printed' }, { inlined: { vault, handles }, plugins })
}

test('what all remotes share stands above, what differs in blocks', () => {
  const remotes: ClientConfigInput['remotes'] = [
    { host: 'a.example', local: { port: 0 }, confirm: { kind: 'openvpn', wrap: { kind: 'tls-crypt', key: 'key:2' } } },
    { host: '2001:db8::1', port: 443, proto: 'tcp', family: 'ipv6', local: { port: 0 } },
  ]
  const config = ClientSchema.parse({ remotes, pacing: { policy: 'newest' } })
  expect(printConfig(config)).toEqual({
    text: [
      'client',
      'pacing newest',
      'lport 0',
      'tls-crypt [[INLINE]]',
      '<connection>',
      '  remote a.example 1194 udp',
      '</connection>',
      '<connection>',
      '  remote 2001:db8::1 443 tcp',
      '  ipv6',
      '</connection>',
      '',
    ].join('\n'),
    handles: ['key:2'],
  })
})

test('different keys keep their order', () => {
  const withKey = (key: string) =>
    ({ kind: 'openvpn', wrap: { kind: 'tls-auth', key, direction: 1, auth: 'SHA256' } }) as const
  const remotes = ['key:3', 'key:1', 'key:3'].map((key, i) => ({ host: `h${i}`, confirm: withKey(key) }))
  const config = ClientSchema.parse({ remotes })
  expect(printConfig(config).handles).toEqual(['key:3', 'key:1', 'key:3'])
  expect(reparsed(config).config).toEqual(config)
})

test('R9 a way is printed by the plugins of its hops, above where all have the same', () => {
  const hop = { kind: 'relay', host: 'a.example', port: 80 }
  const chain = [
    { ...hop, settings: { login: 'key:2', words: ['x y', 'z'] } },
    { kind: 'tube', host: '::1', port: 7 },
  ]
  const same = ClientSchema.parse({
    remotes: [
      { host: 'h', proto: 'tcp', hops: chain },
      { host: 'i', proto: 'tcp', hops: chain },
    ],
  })
  expect(printConfig(same, { plugins })).toEqual({
    text: [
      'client',
      'relay a.example 80',
      'relay-login [[INLINE]]',
      "relay-word 'x y'",
      'relay-word z',
      'tube ::1',
      'remote h 1194 tcp',
      'remote i 1194 tcp',
      '',
    ].join('\n'),
    handles: ['key:2'],
  })
  const own = ClientSchema.parse({
    remotes: [
      { host: 'h', proto: 'tcp', hops: [hop] },
      { host: 'i', proto: 'tcp' },
    ],
  })
  expect(printConfig(own, { plugins }).text).toBe(
    'client\n<connection>\n  remote h 1194 tcp\n  relay a.example 80\n</connection>\n' +
      '<connection>\n  remote i 1194 tcp\n</connection>\n',
  )
})

test('R9 a hop that nobody here can print is not left away: what is printed is read by nobody', () => {
  const config = ClientSchema.parse({
    remotes: [{ host: 'h', hops: [{ kind: 'far', host: 'a b'.slice(0, 1), port: 80 }] }],
  })
  const { text } = printConfig(config)
  expect(text).toContain('hop-of-unknown-plugin far a 80\n')
  expect(parseConfig({ text, file: 'printed' }, { plugins }).issues).toMatchObject([
    { severity: 'error', code: 'unknown' },
  ])
})

test('a mapped remote of the object form is IPv4 from the start', () => {
  const config = ClientSchema.parse({ remotes: [{ host: '::ffff:198.51.100.1', family: 'ipv4' }] })
  expect(config.remotes[0]?.host).toBe('198.51.100.1')
})

// Every configuration that the schema knows, the odd corners more often than chance would have them.
const label = fc.stringMatching(/^[a-z0-9_-]{1,20}[a-z]$/)
const host = fc.oneof(
  fc.array(label, { minLength: 1, maxLength: 10 }).map((labels) => labels.join('.')),
  fc.ipV4(),
  fc.ipV6(),
  fc.constantFrom(
    '::ffff:198.51.100.1',
    'fe80::1%eth0',
    `fe80::1%"'\\#;`,
    `${'a'.repeat(63)}.`.repeat(3).concat('a'.repeat(61)),
  ),
)
const port = (min: number) => fc.integer({ min, max: 65535 })
const ms = (min: number) => fc.oneof(fc.integer({ min, max: 2_147_483_647 }), fc.constantFrom(1000, 1500, 60_000))
const text = fc.oneof(
  fc.string({
    minLength: 1,
    maxLength: 400,
    unit: fc.constantFrom('a', ' ', '"', "'", '\\', '#', ';', '<', '-', '[', '\u00a0'),
  }),
  fc.string({ minLength: 1, maxLength: 200, unit: 'binary' }).filter((word) => !/\p{Cc}/u.test(word)),
)
const key = fc.constantFrom('key:1', 'key:2', 'key:3')
const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined })
const direction = fc.constantFrom(0 as const, 1 as const)
const confirm = fc.oneof(
  fc.constant({ kind: 'none' as const }),
  fc.constant({ kind: 'openvpn' as const }),
  fc.record({ kind: fc.constant('reply' as const), text }),
  fc.record({
    kind: fc.constant('openvpn' as const),
    wrap: fc.oneof(
      fc.record({ kind: fc.constant('tls-crypt' as const), key }),
      fc.record({
        kind: fc.constant('tls-auth' as const),
        key,
        direction: optional(direction),
        auth: fc.constantFrom(...DIGESTS),
      }),
    ),
  }),
)
const settingsOf = {
  relay: fc.record(
    {
      login: key,
      words: fc.array(
        text.map((words) => words.slice(0, 40)),
        { minLength: 1, maxLength: 3 },
      ),
    },
    { requiredKeys: [] },
  ),
  'http-proxy': fc.record(
    {
      login: key,
      auth: fc.constantFrom('none', 'basic', 'digest', 'ntlm', 'auto', 'auto-nct'),
      version: fc.constantFrom('1.0', '1.1'),
      agent: text.map((agent) => agent.slice(0, 60)),
      headers: fc.array(key, { minLength: 1, maxLength: 3 }),
    },
    { requiredKeys: ['login'] },
  ),
  'socks-proxy': fc.record({ login: key, version: fc.constantFrom('4', '5') }, { requiredKeys: [] }),
}
const hop = fc.oneof(
  ...Object.entries(settingsOf).map(([kind, settings]) =>
    fc.record({
      kind: fc.constant(kind),
      host,
      port: port(1),
      settings: settings as fc.Arbitrary<HopConfig['settings']>,
    }),
  ),
  fc.record({ kind: fc.constant('tube'), host: label, port: fc.constant(7) }),
)
const way = fc.oneof({ weight: 2, arbitrary: fc.constant([]) }, fc.array(hop, { minLength: 1, maxLength: 3 }))
const anyRemote = fc.record({
  hops: way,
  host,
  port: port(1),
  proto: fc.constantFrom('udp' as const, 'tcp' as const),
  family: optional(fc.constantFrom('ipv4' as const, 'ipv6' as const)),
  local: optional(fc.record({ host: optional(host), port: port(0) })),
  connectTimeout: ms(1),
  confirm,
})
// Most of what chance makes contradicts itself (R1, R6): those are mended, not thrown away.
const remote = anyRemote.map((remote) => ({
  ...remote,
  proto: remote.confirm.kind === 'reply' ? ('udp' as const) : remote.proto,
  // What is relayed has no name of its own to be sure of, and few hops carry datagrams at all.
  hops: remote.confirm.kind === 'reply' || remote.proto === 'udp' ? remote.hops.slice(0, 1) : remote.hops,
  family: parseAddress((remote.hops[0] ?? remote).host) ? undefined : remote.family,
}))
// Equal remotes are what makes things global.
const remotes = fc.oneof(
  fc.array(remote, { minLength: 1, maxLength: 5 }),
  fc
    .tuple(remote, fc.array(host, { minLength: 1, maxLength: 5 }))
    .map(([one, hosts]) => hosts.map((host) => ({ ...one, host }))),
)
const input: fc.Arbitrary<ClientConfigInput> = fc.record({
  remotes,
  remoteRandom: fc.boolean(),
  remoteRandomHostname: fc.boolean(),
  resolveTimeout: ms(1),
  resolvRetry: fc.oneof(fc.constant('infinite' as const), ms(0)),
  connectRetry: fc.record({ min: ms(1000), max: ms(1000) }),
  connectRetryMax: fc.nat({ max: Number.MAX_SAFE_INTEGER }),
  pacing: fc.record({
    policy: fc.constantFrom('sequential' as const, 'newest' as const),
    attemptDelay: fc.integer({ min: 10, max: 2_147_483_647 }),
    maxInFlight: fc.integer({ min: 1, max: 100 }),
  }),
  candidateOrder: fc.oneof(
    fc.record({ kind: fc.constant('interleave' as const), count: fc.integer({ min: 1, max: 25 }) }),
    fc.record({
      kind: fc.constantFrom(
        'as-returned' as const,
        'first-other' as const,
        'ipv6-first' as const,
        'ipv4-first' as const,
      ),
    }),
  ),
})

test('every valid configuration comes back from its text, and prints the same again', () => {
  let valid = 0
  let withHops = 0
  fc.assert(
    fc.property(input, (candidate) => {
      const { config } = validateConfig(candidate, makers)
      if (config?.mode !== 'client') return
      valid++
      if (config.remotes.some(({ hops }) => hops.length > 0)) withHops++
      const again = reparsed(config)
      expect(again.issues.filter(({ severity }) => severity === 'error')).toEqual([])
      expect(again.config).toEqual(config)
      expect(again.config && printConfig(again.config, { plugins })).toEqual(printConfig(config, { plugins }))
    }),
    { numRuns: 1_500, seed: 2 },
  )
  expect(valid).toBeGreaterThan(700)
  expect(withHops).toBeGreaterThan(150)
})
