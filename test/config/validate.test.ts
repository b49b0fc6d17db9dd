import { describe, expect, test } from 'vitest'
import { validateConfig } from '../../src/config/validate.ts'
import { asClient } from './as-client.ts'

const shown = (input: unknown) =>
  validateConfig(input).issues.map(({ path, severity, code, message }) => `${path}: ${severity}[${code}] ${message}`)
const remote = { host: 'vpn.example' }

test('a good object gets its defaults', () => {
  const { config, issues } = validateConfig({ remotes: [remote] })
  expect(issues).toEqual([])
  expect(asClient(config).remotes).toEqual([
    { host: 'vpn.example', port: 1194, proto: 'udp', hops: [], connectTimeout: 10_000, confirm: { kind: 'none' } },
  ])
})

describe('a bad object is told about by its path', () => {
  test.each<[string, unknown, string[]]>([
    ['nothing', undefined, [': error[value] expected an object']],
    ['a text', 'client', [': error[value] expected an object']],
    ['no remotes', {}, ['remotes: error[value] expected a list']],
    ['an empty list', { remotes: [] }, ['remotes: error[value] expected a list of at least 1']],
    [
      '65 remotes',
      { remotes: Array.from({ length: 65 }, () => remote) },
      ['remotes: error[value] expected a list of at most 64'],
    ],
    ['a remote without a host', { remotes: [{}] }, ['remotes[0].host: error[value] expected a text']],
    [
      'a port of text',
      { remotes: [remote, { ...remote, port: '443' }] },
      ['remotes[1].port: error[value] expected a number'],
    ],
    [
      'half a port',
      { remotes: [{ ...remote, port: 44.5 }] },
      ['remotes[0].port: error[value] expected a whole number'],
    ],
    [
      'a third direction',
      {
        remotes: [
          {
            ...remote,
            confirm: { kind: 'openvpn', wrap: { kind: 'tls-auth', key: 'key:1', auth: 'SHA1', direction: 2 } },
          },
        ],
      },
      ['remotes[0].confirm.wrap.direction: error[value] expected 0 or 1'],
    ],
    ['port 0', { remotes: [{ ...remote, port: 0 }] }, ['remotes[0].port: error[value] expected at least 1']],
    ['port 65536', { remotes: [{ ...remote, port: 65536 }] }, ['remotes[0].port: error[value] expected at most 65535']],
    [
      'an unknown protocol',
      { remotes: [{ ...remote, proto: 'udp6' }] },
      ['remotes[0].proto: error[value] expected "udp" or "tcp"'],
    ],
    [
      'a name of ours misspelt',
      { remotes: [{ ...remote, prto: 'tcp' }] },
      ['remotes[0]: error[value] there is no "prto" here'],
    ],
    [
      'a shorthand',
      { remotes: [{ host: '127.1' }] },
      [
        'remotes[0].host: error[value] numbers alone are no host name; an IPv4 address is four numbers from 0 to 255 without leading zeros',
      ],
    ],
    [
      'R1 a literal of the other family',
      { remotes: [{ host: '::1', family: 'ipv4' }] },
      ['remotes[0].host: error[R1] ::1 is no ipv4 address, but ipv4 is forced'],
    ],
    [
      'R1 a mapped local address',
      { remotes: [{ ...remote, local: { host: '::ffff:1.2.3.4' } }] },
      ['remotes[0].local.host: error[R1] a mapped address cannot be bound; the IPv4 address in it is 1.2.3.4'],
    ],
    [
      'R6 nothing fits',
      { remotes: [{ host: '::1', local: { host: '127.0.0.1' } }] },
      ['remotes[0].local.host: error[R6] 127.0.0.1 is ipv4, and its remotes are ipv6 (::1): nothing can be tried'],
    ],
    [
      'R6 something fits',
      { remotes: [{ host: '::1', local: { host: '127.0.0.1' } }, remote] },
      ['remotes[0].local.host: warning[R6] 127.0.0.1 is ipv4: ::1 will be skipped'],
    ],
    [
      'reply over TCP',
      { remotes: [{ ...remote, proto: 'tcp', confirm: { kind: 'reply', text: 'x' } }] },
      ['remotes[0].confirm: error[value] "confirm reply" works over UDP only'],
    ],
    [
      'an empty reply',
      { remotes: [{ ...remote, confirm: { kind: 'reply', text: '' } }] },
      ['remotes[0].confirm.text: error[value] expected a text of at least 1 characters'],
    ],
    [
      'key bytes in place of a handle',
      { remotes: [{ ...remote, confirm: { kind: 'openvpn', wrap: { kind: 'tls-crypt', key: 'hunter2' } } }] },
      ['remotes[0].confirm.wrap.key: error[value] expected the handle of a key in a vault, like key:1'],
    ],
    [
      'an unknown confirmation',
      { remotes: [{ ...remote, confirm: { kind: 'ping' } }] },
      ['remotes[0].confirm.kind: error[value] expected "none", "peer", "reply" or "openvpn"'],
    ],
    [
      'a bad resolvRetry',
      { remotes: [remote], resolvRetry: 'forever' },
      ['resolvRetry: error[value] expected "infinite" or a number'],
    ],
    [
      'too short a delay',
      { remotes: [remote], pacing: { attemptDelay: 1 } },
      ['pacing.attemptDelay: error[value] expected at least 10'],
    ],
  ])('%s', (_, input, issues) => {
    expect(shown(input)).toEqual(issues)
  })

  test('all problems at once', () => {
    expect(shown({ remotes: [{ host: '', port: 0 }], resolveTimeout: -1, nonsense: true })).toHaveLength(4)
  })

  test('an object that throws when it is read is a problem, not a throw', () => {
    const input = {
      get remotes() {
        throw new Error('surprise')
      },
    }
    expect(shown(input)).toEqual([': error[value] this object cannot be read'])
  })
})

describe("R8 a server's object", () => {
  test('gets its defaults, with or without its mode', () => {
    const { config, issues } = validateConfig({ listen: [{}] })
    expect(issues).toEqual([])
    expect(config).toMatchObject({ mode: 'server', listen: [{ proto: 'udp', port: 1194 }], maxClients: 1024 })
    expect(validateConfig({ mode: 'server', listen: [{}] }).config).toEqual(config)
  })

  test.each<[string, unknown, string[]]>([
    ['without blocks', { mode: 'server' }, ['listen: error[value] expected a list']],
    ['with none', { listen: [] }, ['listen: error[value] expected a list of at least 1']],
    [
      'with 65',
      { listen: Array.from({ length: 65 }, () => ({ port: 0 })) },
      ['listen: error[value] expected a list of at most 64'],
    ],
    [
      'R1 a literal of the other family',
      { listen: [{ host: '::', family: 'ipv4' }] },
      ['listen[0].host: error[R1] :: is no ipv4 address, but ipv4 is forced'],
    ],
    [
      'R1 a mapped address',
      { listen: [{ host: '::ffff:1.2.3.4' }] },
      ['listen[0].host: error[R1] a mapped address cannot be bound; the IPv4 address in it is 1.2.3.4'],
    ],
    [
      'two blocks that are alike',
      { listen: [{}, { proto: 'tcp' }, {}] },
      ['listen[2]: error[R8] udp *:1194 (listen[0]) and udp *:1194 (listen[2]) cannot both be bound'],
    ],
    [
      'an address under a wildcard',
      {
        listen: [
          { family: 'ipv4', port: 443 },
          { host: '1.2.3.4', port: 443 },
        ],
      },
      ['listen[1]: error[R8] udp 0.0.0.0:443 (listen[0]) and udp 1.2.3.4:443 (listen[1]) cannot both be bound'],
    ],
    [
      'a rate of nothing',
      { listen: [{}], connectFreq: { count: 0, window: 1 } },
      ['connectFreq.count: error[value] expected at least 1'],
    ],
    ['a remote', { listen: [{}], remotes: [remote] }, [': error[value] there is no "remotes" here']],
  ])('%s', (_, input, issues) => {
    expect(shown(input)).toEqual(issues)
    expect(validateConfig(input).config).toBeUndefined()
  })
})
