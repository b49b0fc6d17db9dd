import { describe, expect, test } from 'vitest'
import { validateConfig } from '../../src/config/validate.ts'

const shown = (input: unknown) =>
  validateConfig(input).issues.map(({ path, severity, code, message }) => `${path}: ${severity}[${code}] ${message}`)

const A = '198.51.100.1'
const B = '198.51.100.2'
const all = { mode: 'p2p', sockets: 'all', listen: {} }
const waits = { mode: 'p2p', sockets: 'roles', waits: true, listen: {} }
const dials = { mode: 'p2p', sockets: 'roles', remotes: [{ host: 'peer.example' }] }
const pinned = { mode: 'p2p', sockets: 'pinned', listen: { host: A }, remotes: [{ host: B }] }

test("a peer's object gets its defaults", () => {
  const { config, issues } = validateConfig({ ...all, remotes: [{ host: 'peer.example' }], connectTimeout: 4_000 })
  expect(issues).toEqual([])
  expect(config).toMatchObject({
    mode: 'p2p',
    waits: false,
    listen: { proto: 'udp', port: 1194 },
    bindPolicy: 'all',
    remotes: [{ host: 'peer.example', port: 1194, proto: 'udp', connectTimeout: 4_000, confirm: { kind: 'peer' } }],
    confirm: 'peer',
    float: false,
    keepalive: {},
  })
})

test('a remote that does not say is confirmed as the peer is', () => {
  const remotes = [{ host: 'a.example' }, { host: 'b.example', confirm: { kind: 'peer' } }]
  expect(validateConfig({ ...all, confirm: 'none', remotes }).config).toMatchObject({
    remotes: [{ confirm: { kind: 'none' } }, { confirm: { kind: 'peer' } }],
  })
})

test('a peer is one that says so', () => {
  const config = { remotes: [{ host: 'peer.example' }] }
  expect(validateConfig(config).config?.mode).toBe('client')
  expect(shown({ ...config, sockets: 'all' })).toEqual([': error[value] there is no "sockets" here'])
  expect(shown({ mode: 'peer' })).toContain('mode: error[value] expected "client"')
})

test.each([all, waits, dials, pinned])('a good one is fine: %j', (input) => {
  expect(shown(input)).toEqual([])
  expect(validateConfig(input).config).toBeDefined()
})

describe('R5 what contradicts itself is told by its path', () => {
  test.each<[string, unknown, string[]]>([
    ['no policy', { mode: 'p2p' }, ['sockets: error[value] expected "roles", "all" or "pinned"']],
    [
      'all without sockets',
      { ...all, listen: undefined },
      ['listen: error[R5] "all" binds its sockets once, for all attempts: say in "listen" which'],
    ],
    [
      'pinned without a socket',
      { ...pinned, listen: undefined },
      ['listen: error[R5] "pinned" binds its sockets once, for all attempts: say in "listen" which'],
    ],
    [
      'one who waits, without sockets',
      { ...waits, listen: undefined },
      ['listen: error[R5] who waits binds its sockets once, for all attempts: say in "listen" which'],
    ],
    [
      'one who dials, with shared sockets',
      { ...dials, listen: {} },
      ['listen: error[R5] who dials binds for each attempt: say it in the "local" of the remotes'],
    ],
    ['one who dials nobody', { ...dials, remotes: [] }, ['remotes: error[R5] there is no remote to connect to']],
    ['all that waits', { ...all, waits: true }, ['waits: error[R5] with "all" both peers do the same: nobody waits']],
    [
      'pinned that waits',
      { ...pinned, waits: true },
      ['waits: error[R5] with "pinned" both peers do the same: nobody waits'],
    ],
    ['all over TCP', { ...all, listen: { proto: 'tcp' } }, ['listen.proto: error[R5] "all" is for UDP']],
    [
      'another transport than what is bound',
      { ...waits, remotes: [{ host: A, proto: 'tcp' }] },
      ['remotes[0].proto: error[R5] what is bound is udp, and this is tcp'],
    ],
    [
      'a socket of its own beside shared ones',
      { ...all, remotes: [{ host: A, local: { port: 0 } }] },
      ['remotes[0].local: error[R5] the sockets are bound for all remotes: say it in "listen"'],
    ],
    [
      'R1 sockets of one family alone',
      { ...all, listen: { family: 'ipv4' }, remotes: [{ host: A, family: 'ipv4' }, { host: 'peer.example' }] },
      ['remotes[1].family: error[R5] the sockets are forced to be ipv4, and this remote is not'],
    ],
    [
      'itself',
      { ...all, listen: { host: A }, remotes: [{ host: A }] },
      [`remotes[0].host: error[R5] ${A} is the local address, too: this peer would talk to itself`],
    ],
    [
      'pinned to a name, and to two',
      { ...pinned, remotes: [{ host: 'a.example' }, { host: 'b.example' }] },
      ['remotes[1]: error[R5] a pinned peer has one remote, and here are 2: a.example, b.example'],
    ],
    [
      'a name of whom it waits for',
      { ...waits, remotes: [{ host: 'peer.example' }] },
      [
        'remotes[0].host: error[R5] peer.example is a name: of a peer that waits, a remote is the address that the other comes from',
      ],
    ],
    [
      'confirm openvpn',
      { ...dials, remotes: [{ host: A, confirm: { kind: 'openvpn' } }] },
      ['remotes[0].confirm: error[R5] "confirm openvpn" is never used on peers: it takes their session'],
    ],
    [
      'confirm reply of one who waits',
      { ...waits, remotes: [{ host: A, confirm: { kind: 'reply', text: 'hi' } }] },
      ['remotes[0].confirm: error[R5] "confirm reply" is for the one that sends first, and this peer waits'],
    ],
    [
      'confirm reply over TCP',
      { ...dials, remotes: [{ host: A, proto: 'tcp', confirm: { kind: 'reply', text: 'hi' } }] },
      ['remotes[0].confirm: error[value] "confirm reply" works over UDP only'],
    ],
    [
      'confirm peer of a client',
      { remotes: [{ host: A }, { host: B, confirm: { kind: 'peer' } }] },
      ['remotes[1].confirm: error[R5] "confirm peer" is for peers, and this is the configuration of a client'],
    ],
    ['a ping at once', { ...all, keepalive: { ping: 0 } }, ['keepalive.ping: error[value] expected at least 1']],
  ])('%s', (_, input, issues) => {
    expect(shown(input)).toEqual(issues)
    expect(validateConfig(input).config).toBeUndefined()
  })
})

describe('what would be wrong elsewhere', () => {
  test.each<[string, unknown]>([
    ['another port of the own address', { ...all, listen: { host: A, port: 5 }, remotes: [{ host: A }] }],
    [
      'TCP of the own address, from whatever port',
      { ...waits, listen: { proto: 'tcp', host: A }, remotes: [{ host: A, proto: 'tcp' }] },
    ],
    ['a name of whom it waits for, with float', { ...waits, float: true, remotes: [{ host: 'peer.example' }] }],
    ['several remotes over several transports', { ...dials, remotes: [{ host: A }, { host: A, proto: 'tcp' }] }],
  ])('%s is fine', (_, input) => {
    expect(shown(input)).toEqual([])
  })
})
