import { describe, expect, test } from 'vitest'
import type { ForeignDirective } from '../../src/config/directives.ts'
import { type ParseOptions, parseConfig } from '../../src/config/parse.ts'
import type { Remote } from '../../src/config/schema.ts'
import type { Read, Source } from '../../src/config/source.ts'
import { KNOWN_PLUGINS } from '../../src/plugins/known.ts'
import { fakeStaticKey } from './fake-static-key.ts'
import { asClient } from './as-client.ts'

function read(lines: string, options: ParseOptions = {}) {
  const parsed = parseConfig({ text: `client\n${lines}\n`, file: 'x' }, options)
  if (parsed.config?.mode !== 'client') throw new Error(parsed.issues.map(({ message }) => message).join('\n'))
  return { ...parsed, config: parsed.config }
}
const remotesOf = (lines: string, options?: ParseOptions) => read(lines, options).config.remotes
const said = (lines: string, options?: ParseOptions) =>
  parseConfig({ text: `client\n${lines}\n`, file: 'x' }, options).issues.map(
    ({ line, column, severity, code, message }) => `${line}:${column} ${severity}[${code}] ${message}`,
  )
const block = (...lines: string[]) => ['<connection>', ...lines, '</connection>'].join('\n')
const inlineKey = (name: string, byte: number) => `<${name}>\n${fakeStaticKey(byte)}</${name}>`

test('the least configuration, and its defaults', () => {
  expect(read('remote vpn.example').config).toEqual({
    mode: 'client',
    remotes: [
      { host: 'vpn.example', port: 1194, proto: 'udp', hops: [], connectTimeout: 10_000, confirm: { kind: 'openvpn' } },
    ],
    remoteRandom: false,
    remoteRandomHostname: false,
    resolveTimeout: 5_000,
    resolvRetry: 'infinite',
    connectRetry: { min: 1_000, max: 300_000 },
    connectRetryMax: 0,
    pacing: { policy: 'sequential', attemptDelay: 250, maxInFlight: 10 },
    candidateOrder: { kind: 'as-returned', count: 1 },
  })
})

test('every global directive arrives, seconds as milliseconds', () => {
  const { config, issues } = read(
    [
      'remote vpn.example',
      'remote-random',
      'remote-random-hostname',
      'connect-timeout 4',
      'resolve-timeout 2.5',
      'resolv-retry 30',
      'connect-retry 2 60',
      'connect-retry-max 7',
      'pacing newest',
      'attempt-delay 300',
      'max-in-flight 3',
      'candidate-order interleave 2',
    ].join('\n'),
  )
  expect(issues).toEqual([])
  expect(config).toMatchObject({
    remotes: [{ connectTimeout: 4_000 }],
    remoteRandom: true,
    remoteRandomHostname: true,
    resolveTimeout: 2_500,
    resolvRetry: 30_000,
    connectRetry: { min: 2_000, max: 60_000 },
    connectRetryMax: 7,
    pacing: { policy: 'newest', attemptDelay: 300, maxInFlight: 3 },
    candidateOrder: { kind: 'interleave', count: 2 },
  })
})

describe('R1 families', () => {
  test.each<[string, string, Partial<Pick<Remote, 'proto' | 'family'>>]>([
    ['both by default', 'remote h', { proto: 'udp' }],
    ['a global word', 'ipv6\nremote h', { proto: 'udp', family: 'ipv6' }],
    ['a global word below', 'remote h\nipv6', { proto: 'udp', family: 'ipv6' }],
    ['the suffix beats the global word', 'ipv6\nremote h 1 tcp4', { proto: 'tcp', family: 'ipv4' }],
    ['the block beats the global word', `ipv6\n${block('ipv4', 'remote h')}`, { proto: 'udp', family: 'ipv4' }],
    ['the suffix beats the block', block('ipv4', 'remote h 1 tcp6'), { proto: 'tcp', family: 'ipv6' }],
    [
      'a suffix in the block is the block speaking',
      `ipv6\n${block('proto udp4', 'remote h')}`,
      { proto: 'udp', family: 'ipv4' },
    ],
    ['proto udp in a block lifts nothing', `ipv6\n${block('proto udp', 'remote h')}`, { proto: 'udp', family: 'ipv6' }],
    ['nor does the remote of a global udp6', 'proto udp6\nremote h 1 udp', { proto: 'udp', family: 'ipv6' }],
    ['the block beats the global protocol', `proto tcp\n${block('proto udp', 'remote h')}`, { proto: 'udp' }],
    ['the remote beats the block', block('proto udp', 'remote h 1 tcp'), { proto: 'tcp' }],
    [
      'a global below the blocks is inherited',
      `${block('remote h')}\nproto tcp\nipv4`,
      { proto: 'tcp', family: 'ipv4' },
    ],
    ['the same family twice', 'proto udp6\nipv6\nremote h', { proto: 'udp', family: 'ipv6' }],
  ])('%s', (_, lines, expected) => {
    const { proto, family } = remotesOf(lines)[0] ?? {}
    expect({ proto, family }).toEqual({ family: undefined, ...expected })
  })

  test.each([
    ['udp', 'udp', undefined],
    ['udp4', 'udp', 'ipv4'],
    ['udp6', 'udp', 'ipv6'],
    ['udpv6', 'udp', 'ipv6'],
    ['udp-client', 'udp', undefined],
    ['tcp', 'tcp', undefined],
    ['tcp4', 'tcp', 'ipv4'],
    ['tcp-client', 'tcp', undefined],
    ['tcp4-client', 'tcp', 'ipv4'],
    ['tcp6-client', 'tcp', 'ipv6'],
  ])('%s is %s and %s, said when it is an old spelling', (word, proto, family) => {
    for (const lines of [`proto ${word}\nremote h`, `remote h 1 ${word}`]) {
      const { config, issues } = read(lines)
      expect(config.remotes[0]).toMatchObject({ proto, ...(family && { family }) })
      expect(issues.map(({ severity, code }) => `${severity} ${code}`)).toEqual(family ? ['warning R1'] : [])
      expect(parseConfig({ text: `client\n${lines}`, file: 'x' }, { strict: true }).config === undefined).toBe(!!family)
    }
  })

  test('a mapped remote becomes IPv4, with a note', () => {
    expect(remotesOf('ipv4\nremote ::ffff:c633:6401')[0]?.host).toBe('198.51.100.1')
    expect(said('remote ::ffff:198.51.100.1')).toEqual([
      '2:8 note[R1] ::ffff:198.51.100.1 is the IPv4 address 198.51.100.1',
    ])
  })

  test('brackets around an IPv6 address are no part of it', () => {
    expect(remotesOf('remote [2001:db8::1] 443')[0]).toMatchObject({ host: '2001:db8::1', port: 443 })
  })
})

describe('R6 the local address against the remotes', () => {
  test('warns when some remotes do not fit', () => {
    expect(said('local 198.51.100.9\nremote 2001:db8::1\nremote 198.51.100.1')).toEqual([
      '2:7 warning[R6] 198.51.100.9 is ipv4: 2001:db8::1 will be skipped',
    ])
  })

  test('counts what it does not list', () => {
    const remotes = [1, 2, 3, 4, 5].map((n) => `remote 2001:db8::${n}`).join('\n')
    expect(said(`local 198.51.100.9\n${remotes}\nremote vpn.example`)).toEqual([
      '2:7 warning[R6] 198.51.100.9 is ipv4: 2001:db8::1, 2001:db8::2, 2001:db8::3 and 2 more will be skipped',
    ])
  })

  test('says nothing where a name may still fit, or nothing is bound', () => {
    expect(said('local 198.51.100.9\nremote vpn.example')).toEqual([])
    expect(said('lport 0\nremote 2001:db8::1\nremote 198.51.100.1')).toEqual([])
    const lifted = block('nobind', 'remote 2001:db8::1')
    expect(said(`local 198.51.100.9\n${lifted}\n${block('remote 198.51.100.1')}`)).toEqual([])
  })

  test('a remote that nobody can dial is told apart', () => {
    expect(said('remote 224.0.0.1')).toEqual([
      '2:8 warning[value] 224.0.0.1 is a multicast address: this remote will be skipped',
    ])
  })
})

describe('R7 what a client binds', () => {
  test.each<[string, string, Remote['local']]>([
    ['nothing by default', 'remote h', undefined],
    ['nothing with nobind', 'nobind\nremote h', undefined],
    ['port 1194 with bind', 'bind\nremote h', { port: 1194 }],
    ['port with bind', 'bind\nport 5000\nremote h', { port: 5000 }],
    ['not rport', 'bind\nrport 5000\nremote h', { port: 1194 }],
    ['lport alone', 'lport 6000\nremote h', { port: 6000 }],
    ['any port', 'lport 0\nremote h', { port: 0 }],
    ['local alone', 'local 198.51.100.9\nremote h', { host: '198.51.100.9', port: 1194 }],
    ['local with a port', 'local 198.51.100.9 7000\nremote h', { host: '198.51.100.9', port: 7000 }],
    ['lport beats the port of local', 'local 198.51.100.9 7000\nlport 0\nremote h', { host: '198.51.100.9', port: 0 }],
    ['the wildcard', 'local *\nremote h', { port: 1194 }],
    ['ipv6only changes nothing', 'bind ipv6only\nlport 0\nremote h', { port: 0 }],
    ["a block's nobind lifts a global local", `local 198.51.100.9\n${block('nobind', 'remote h')}`, undefined],
    ["a block's bind lifts a global nobind", `nobind\n${block('bind', 'lport 0', 'remote h')}`, { port: 0 }],
    [
      'a block inherits local and says the port',
      `local ::1\n${block('lport 0', 'remote h')}`,
      { host: '::1', port: 0 },
    ],
    ["a block's port beats the global lport", `lport 0\n${block('port 5000', 'remote h')}`, { port: 5000 }],
  ])('%s', (_, lines, local) => {
    expect(remotesOf(lines)[0]?.local).toEqual(local)
  })
})

describe('ports of remotes', () => {
  test.each([
    ['1194', 'remote h', 1194],
    ['port', 'port 1\nremote h', 1],
    ['rport beats port', 'port 1\nrport 2\nremote h', 2],
    ['the remote beats both', 'port 1\nrport 2\nremote h 3', 3],
    ['the block beats the globals', `rport 2\n${block('port 4', 'remote h')}`, 4],
    ['the highest', 'remote h 65535', 65535],
  ])('%s', (_, lines, port) => {
    expect(remotesOf(lines)[0]?.port).toBe(port)
  })
})

describe('<connection> blocks', () => {
  test('inherit globals wherever these stand, and keep their own', () => {
    const lines = [block('remote a'), 'connect-timeout 3', block('connect-timeout 4', 'remote b'), 'proto tcp'].join(
      '\n',
    )
    expect(remotesOf(lines)).toMatchObject([
      { host: 'a', proto: 'tcp', connectTimeout: 3_000 },
      { host: 'b', proto: 'tcp', connectTimeout: 4_000 },
    ])
  })

  test('global remotes are ignored beside them, with a warning', () => {
    const lines = `remote a\n${block('remote b')}\nremote c`
    expect(remotesOf(lines).map(({ host }) => host)).toEqual(['b'])
    expect(said(lines)).toEqual([
      '2:1 warning[scope] this remote is ignored: there are <connection> blocks',
      '6:1 warning[scope] this remote is ignored: there are <connection> blocks',
    ])
  })

  test('pauses are no matter of one block', () => {
    expect(said(block('remote a', 'connect-retry 5', 'connect-retry-max 1'))).toEqual([
      '4:1 warning[scope] "connect-retry" has no effect in a block: pauses stand between rounds over all remotes',
      '5:1 warning[scope] "connect-retry-max" has no effect in a block: pauses stand between rounds over all remotes',
    ])
  })
})

describe('repeated directives', () => {
  test('the last one in a scope wins, with a note', () => {
    const lines = 'proto udp\nproto tcp\nremote h'
    expect(remotesOf(lines)[0]?.proto).toBe('tcp')
    expect(said(lines)).toEqual(['3:1 note[repeated] "proto" was given before on line 2; this one counts'])
  })

  test('server-poll-timeout and connect-timeout are one', () => {
    const lines = 'connect-timeout 5\nserver-poll-timeout 6\nremote h'
    expect(remotesOf(lines)[0]?.connectTimeout).toBe(6_000)
    expect(said(lines)).toHaveLength(1)
  })

  test('words without a value may be said twice', () => {
    expect(said('nobind\nnobind\nremote h')).toEqual([])
  })
})

describe('the command line', () => {
  test('comes after the file, without a note', () => {
    const argv = ['--proto', 'tcp', '--connect-timeout', '3']
    const { config, issues } = read('proto udp6\nconnect-timeout 9\nremote h', { argv })
    expect(config.remotes[0]).toMatchObject({ proto: 'tcp', connectTimeout: 3_000 })
    expect(issues.map(({ line }) => line)).toEqual([2])
  })

  test.each([
    ['a family', 'ipv6\nremote h', ['--ipv4'], { family: 'ipv4' }],
    ['a family against an old spelling', 'proto udp6\nremote h', ['--ipv4'], { family: 'ipv4' }],
    ['a bind', 'nobind\nremote h', ['--lport', '0'], { local: { port: 0 } }],
    ['a nobind', 'local ::1\nremote h', ['--nobind'], {}],
  ])('%s there overrides the file', (_, lines, argv, expected) => {
    const { family, local } = remotesOf(lines, { argv })[0] ?? {}
    expect({ ...(family && { family }), ...(local && { local }) }).toEqual(expected)
  })

  test('a block is nearer than the command line', () => {
    expect(remotesOf(block('proto udp', 'remote h'), { argv: ['--proto', 'tcp'] })[0]?.proto).toBe('udp')
  })

  test('is a configuration of its own', () => {
    const argv = ['--client', '--proto', 'tcp', '--remote', 'host.example', '443']
    const { config } = parseConfig({ text: '', file: 'none' }, { argv })
    expect(asClient(config).remotes).toMatchObject([{ host: 'host.example', port: 443, proto: 'tcp' }])
  })

  test('adds its remotes behind those of the file', () => {
    expect(remotesOf('remote a', { argv: ['--remote', 'b'] }).map(({ host }) => host)).toEqual(['a', 'b'])
  })
})

describe('included files', () => {
  const files = new Map([
    ['a.conf', 'remote a\nconfig b.conf\n'],
    ['b.conf', 'remote b 99999\n'],
  ])
  const reader = (path: string, from: string) => {
    const text = files.get(path)
    return text === undefined ? { problem: `no ${path} beside ${from}` } : { text, file: path }
  }

  test('are read in place; problems name the file in which they are', () => {
    const parsed = parseConfig({ text: 'client\nconfig a.conf\nremote c 0\n', file: 'x' }, { read: reader })
    expect(parsed.issues.map(({ file, line }) => `${file}:${line}`)).toEqual(['x:3', 'b.conf:1'])
    files.set('b.conf', 'remote b\n')
    const hosts = remotesOf('config a.conf\nremote c', { read: reader }).map(({ host }) => host)
    expect(hosts).toEqual(['a', 'b', 'c'])
  })

  test('may stand on the command line', () => {
    const { config } = parseConfig(
      { text: '', file: 'none' },
      { argv: ['--client', '--config', 'b.conf'], read: reader },
    )
    expect(asClient(config).remotes[0]?.host).toBe('b')
  })

  test('a reader that throws is a problem, not a throw', () => {
    const broken = () => {
      throw new Error('disk on fire')
    }
    expect(said('remote h\nconfig a.conf', { read: broken })).toEqual([
      '3:8 error[source] cannot read this file: disk on fire',
    ])
  })

  test('ten files deep is allowed, eleven are not', () => {
    const chain = (last: number) => (path: string) => {
      const n = Number(path)
      return { text: n === last ? 'remote h' : `config ${n + 1}`, file: path }
    }
    expect(remotesOf('config 2', { read: chain(10) })).toHaveLength(1)
    expect(said('config 2', { read: chain(11) })).toEqual([
      '1:8 error[source] files include each other more than 10 deep',
    ])
  })

  test('files that include each other many times over come to an end', () => {
    const hydra = (path: string) => ({ text: 'config x\n'.repeat(3), file: path })
    const messages = said('remote h\nconfig x', { read: hydra }).map((line) => line.replace(/^\S+ /, ''))
    expect(new Set(messages)).toEqual(
      new Set([
        'error[source] files include each other more than 10 deep',
        'error[source] a configuration has at most 64 files',
      ]),
    )
  })

  test('a megabyte is enough', () => {
    const text = '#'.repeat(99).concat('\n').repeat(10_500)
    expect(said(`remote h\n${text}`)).toEqual(['0:0 error[source] a configuration has at most 1 MiB, includes and all'])
    const big = () => ({ text: text.slice(0, 600_000), file: 'big' })
    expect(said('remote h\nconfig a\nconfig b', { read: big })).toEqual([
      '4:8 error[source] a configuration has at most 1 MiB, includes and all',
    ])
  })
})

describe('what has no effect', () => {
  const ignoredIn = (lines: string, options?: ParseOptions) =>
    read(`remote h\n${lines}`, options).ignored.map(({ name, at }) => `${name} ${at.line}`)

  test('is listed once by name, with its first place', () => {
    expect(ignoredIn('verb 3\ndev tun\nverb 4')).toEqual(['verb 3', 'dev 4'])
  })

  test('unknown names under ignore-unknown-option, wherever that stands', () => {
    expect(ignoredIn('frob 1\nignore-unknown-option frob nicate\nnicate')).toEqual(['frob 3', 'nicate 5'])
  })

  test('what follows `setenv opt`, known or not', () => {
    expect(ignoredIn('setenv opt block-outside-dns\nsetenv opt unheard-of 1')).toEqual([
      'block-outside-dns 3',
      'setenv 4',
    ])
    expect(remotesOf('remote h\nsetenv opt proto tcp')[0]?.proto).toBe('tcp')
  })

  test('names that are allowed, even those that matter', () => {
    const foreign = new Map([['relay', { kind: 'refused', why: 'nobody relays here' } as const]])
    const options = { allowIgnored: ['mark', 'relay', 'frob'], foreign }
    expect(ignoredIn('mark 5\nrelay x\nfrob', options)).toEqual(['mark 3', 'relay 4', 'frob 5'])
  })

  test('R9 a directive beside the table is refused, or ignored for its reason, behind `setenv opt` too', () => {
    const foreign = new Map<string, ForeignDirective>([
      ['relay', { kind: 'refused', why: 'nobody relays here' }],
      ['relay-retry', { kind: 'ignored', why: 'obsolete', inBlock: true }],
    ])
    expect(ignoredIn('relay-retry\n<connection>\nremote h\nrelay-retry 1\n</connection>', { foreign })).toEqual([
      'relay-retry 3',
    ])
    for (const line of ['relay x', 'setenv opt relay x', 'relay x\nignore-unknown-option relay'])
      expect(parseConfig({ text: `client\nremote h\n${line}`, file: 'x' }, { foreign }).issues).toMatchObject([
        { code: 'refused', message: '"relay" is not honoured: nobody relays here' },
      ])
  })

  test('ignore-unknown-option allows nothing that matters', () => {
    expect(said('remote h\nmark 5\nignore-unknown-option mark')).toEqual([
      '3:1 error[refused] "mark" is not honoured: routing rules may send marked packets another way',
    ])
  })

  test('a longest pause below the first one, and float', () => {
    expect(said('remote h\nconnect-retry 60 5\nfloat')).toEqual([
      '3:18 warning[value] the longest pause, 5 s, is shorter than the first, and is used for all',
      '4:1 warning[R5] "float" has no effect: a client listens to the address that it tried, and to no other',
    ])
  })

  test('a first pause above the longest that there is by default', () => {
    expect(said('remote h\nconnect-retry 400')).toEqual([
      '3:15 warning[value] the longest pause, 300 s, is shorter than the first, and is used for all',
    ])
  })

  test('proto-force leaves out remotes of the other protocol, with a note', () => {
    const lines = 'remote a 1 udp\nremote b 1 tcp\nproto-force tcp'
    expect(remotesOf(lines).map(({ host }) => host)).toEqual(['b'])
    expect(said(lines)).toEqual(['2:1 note[value] left out: "proto-force tcp"'])
  })
})

describe('confirmations', () => {
  const confirmOf = (lines: string, options?: ParseOptions) => remotesOf(lines, options).map(({ confirm }) => confirm)

  test.each([
    ['openvpn over UDP, none over TCP', 'remote a 1 udp\nremote b 1 tcp', [{ kind: 'openvpn' }, { kind: 'none' }]],
    ['openvpn over TCP when asked', 'remote a 1 tcp\nconfirm openvpn', [{ kind: 'openvpn' }]],
    ['none over UDP when asked', 'remote a\nconfirm none', [{ kind: 'none' }]],
    ['reply', 'remote a\nconfirm reply "hello there"', [{ kind: 'reply', text: 'hello there' }]],
    [
      'per block',
      `confirm none\n${block('remote a', 'confirm openvpn')}\n${block('remote b')}`,
      [{ kind: 'openvpn' }, { kind: 'none' }],
    ],
  ])('%s', (_, lines, confirm) => {
    expect(confirmOf(lines)).toEqual(confirm)
  })

  const auth = (more: object) => [{ kind: 'openvpn', wrap: { kind: 'tls-auth', key: 'key:1', auth: 'SHA1', ...more } }]
  test.each([
    ['tls-auth in a block', inlineKey('tls-auth', 1), auth({})],
    ['its direction', `${inlineKey('tls-auth', 1)}\nkey-direction 1`, auth({ direction: 1 })],
    ['its digest', `${inlineKey('tls-auth', 1)}\nauth sha512\nkey-direction 0`, auth({ direction: 0, auth: 'SHA512' })],
    ["OpenSSL's spelling of it", `${inlineKey('tls-auth', 1)}\nauth RSA-SHA256`, auth({ auth: 'SHA256' })],
    ['another spelling', `${inlineKey('tls-auth', 1)}\nauth SHA2-512/256`, auth({ auth: 'SHA512-256' })],
    ['the old mark beside the block', `tls-auth [inline] 1\n${inlineKey('tls-auth', 1)}`, auth({ direction: 1 })],
    ['the old mark behind the block', `${inlineKey('tls-auth', 1)}\ntls-auth [inline] 1`, auth({ direction: 1 })],
    ['tls-crypt', inlineKey('tls-crypt', 1), [{ kind: 'openvpn', wrap: { kind: 'tls-crypt', key: 'key:1' } }]],
  ])('%s', (_, lines, confirm) => {
    const { config, vault, issues } = read(`remote h\n${lines}`)
    expect(issues).toEqual([])
    expect(config.remotes.map((remote) => remote.confirm)).toEqual(confirm)
    expect(vault.open('key:1')).toEqual(new Uint8Array(256).fill(1))
  })

  test('a key file is read through `read`, with its direction', () => {
    const reader = (path: string, from: string) => ({
      file: path,
      text: fakeStaticKey(path === 'ta.key' && from === 'x' ? 9 : 0),
    })
    const { config, vault } = read('remote h\ntls-auth ta.key 0', { read: reader })
    expect(config.remotes[0]?.confirm).toMatchObject({ wrap: { direction: 0, key: 'key:1' } })
    expect(vault.open('key:1')?.[0]).toBe(9)
  })

  test('the direction beside the key beats key-direction, wherever that stands', () => {
    const reader = (path: string) => ({ file: path, text: fakeStaticKey(1) })
    for (const lines of ['tls-auth ta.key 1\nkey-direction 0', 'key-direction 0\ntls-auth ta.key 1'])
      expect(confirmOf(`remote h\n${lines}`, { read: reader })).toMatchObject([{ wrap: { direction: 1 } }])
  })

  test('a key file that no remote needs is left alone; a broken key in the text is not', () => {
    expect(said('remote h 1 tcp\ntls-auth ta.key 1')).toEqual([])
    expect(said('remote h 1 tcp\n<tls-auth>\nX\n</tls-auth>')).toHaveLength(1)
  })

  test("a block's key beats the global one of another kind", () => {
    const lines = `${inlineKey('tls-auth', 1)}\n${block('remote a', inlineKey('tls-crypt', 2))}\n${block('remote b')}`
    const { config, vault } = read(lines)
    const kinds = config.remotes.map(({ confirm }) => (confirm.kind === 'openvpn' ? confirm.wrap : undefined))
    expect(kinds.map((wrap) => [wrap?.kind, vault.open(wrap?.key ?? '')?.[0]])).toEqual([
      ['tls-crypt', 2],
      ['tls-auth', 1],
    ])
  })

  test('one global key is one key, however many remotes use it', () => {
    const { config, vault } = read(`remote a\nremote b\n${inlineKey('tls-crypt', 3)}`)
    expect(new Set(config.remotes.map((remote) => JSON.stringify(remote.confirm))).size).toBe(1)
    expect(vault.open('key:2')).toBeUndefined()
  })

  test('tls-crypt-v2 falls to none, and one warning says so', () => {
    const lines = 'remote a\nremote b\n<tls-crypt-v2>\nX\n</tls-crypt-v2>'
    expect(confirmOf(lines)).toEqual([{ kind: 'none' }, { kind: 'none' }])
    expect(said(lines)).toHaveLength(1)
  })
})

describe('secrets', () => {
  test('no key and no password shows in what comes out', () => {
    const key = fakeStaticKey(0xab)
    const text = [
      'client',
      'remote h',
      'remote "h',
      `<tls-auth>\n${key}</tls-auth>`,
      `<tls-crypt>\n${key.slice(0, 200)}\n</tls-crypt>`,
      '<auth-user-pass>\nuser\nhunter2\n</auth-user-pass>',
      '<auth-user-pass> now\nuser\nhunter2\n</auth-user-pass>',
      'auth-token hunter2 "hunter2',
      'auth-tokn hunter2',
      'askpass \\hunter2',
      'http-proxy-option CUSTOM-HEADER Proxy-Authorization "Basic hunter2"',
      'setenv VPN_SECRET hunter2 "',
      'scramble obfuscate hunter2',
      'echo hunter2 "',
      'remote https://user:hunter2@vpn.example',
      'http-proxy user:hunter2@proxy.example',
      key,
      `<key>\n-----BEGIN PRIVATE KEY-----\nhunter2`,
    ].join('\n')
    const argv = ['--auth-token', 'hunter2', '--auth-tokn', 'hunter2', '--http-proxy-option', 'AGENT', 'hunter2']
    const foreign = new Map([['http-proxy-option', { kind: 'refused', why: 'there is no proxy plugin' } as const]])
    const parsed = parseConfig({ text, file: 'x' }, { argv, foreign })
    expect(parsed.issues.length).toBeGreaterThan(8)
    expect(JSON.stringify(parsed)).not.toMatch(/hunter2|abab/)
  })
})

test.each([
  'http-proxy proxy.example 8080 user hunter2',
  'http-proxy user:hunter2@proxy.example 8080',
  'http-proxy proxy.example 8080 auto hunter2',
  'http-proxy-user-pass user hunter2',
  'http-proxy proxy.example 8080\nhttp-proxy-option CUSTOM-HEADER X-Auth: "hunter2\u0007"',
  'http-proxy proxy.example 8080\n<http-proxy-user-pass>\nuser hunter2\n</http-proxy-user-pass>',
  'socks-proxy proxy.example 1080 user hunter2',
  'socks-proxy-user-pass user hunter2',
  'relay-through proxy.example 1080 user hunter2',
])('R9 S9 %j: what may be a login is not shown', (lines) => {
  const { config: _, ...told } = parseConfig(
    { text: `client\nremote h\n${lines}`, file: 'x' },
    { plugins: KNOWN_PLUGINS },
  )
  expect(told.issues).not.toEqual([])
  expect(JSON.stringify(told)).not.toMatch(/hunter2/)
})

describe('a list of problems has an end', () => {
  const many = 'frobnicate 1\n'.repeat(50_000)

  test.each([
    ['in the file', many],
    ['in a block', `<connection>\n${many}</connection>\n`],
  ])('%s', (_, lines) => {
    const parsed = parseConfig({ text: `client\n${lines}`, file: 'x' })
    expect(parsed.issues).toHaveLength(200)
    expect(parsed.config).toBeUndefined()
  })

  test('warnings have one of their own', () => {
    const { issues } = parseConfig({ text: 'client\n'.concat('remote vpn.example 443 udp6\n'.repeat(300)), file: 'x' })
    const count = (severity: string) => issues.filter((issue) => issue.severity === severity).length
    expect([count('warning'), count('error')]).toEqual([200, 1])
  })
})

test('mode client is a client, too', () => {
  const { config, issues } = parseConfig({ text: 'mode client\nremote vpn.example\n', file: 'x' })
  expect([config?.mode, issues]).toEqual(['client', []])
})

test('what is repeated on the command line has no line to point at', () => {
  const again = ['--connect-timeout', '4', '--connect-timeout', '5']
  expect(said('remote vpn.example', { argv: again })).toEqual([
    '0:1 note[repeated] "connect-timeout" was given before; this one counts',
  ])
  expect(read('remote vpn.example', { argv: again }).config.remotes[0]?.connectTimeout).toBe(5000)
})

describe('the reader of other files', () => {
  test('S9 a secret that others may open is told once, and one that they may change is not read', () => {
    const lines = [
      'proto tcp',
      'socks-proxy-user-pass login.txt',
      ...['a', 'b'].map((host) => `<connection>\nremote ${host}\nsocks-proxy p\n</connection>`),
    ]
    const toldOf = (exposed: Source['exposed']) => {
      const read: Read = (file) => ({ file, text: 'ann\nsecret', exposed })
      return said(lines.join('\n'), { read, plugins: KNOWN_PLUGINS }).filter((one) => !one.includes('clear'))
    }
    const place = '3:23'
    expect(toldOf(undefined)).toEqual([])
    expect(toldOf('accessible')).toEqual([
      `${place} warning[secret] others on this machine may open this file, which holds a secret`,
    ])
    expect(toldOf('writable')).toContain(
      `${place} error[R9] cannot read this file: everybody on this machine may change it; chmod 600 it`,
    )
  })

  test('without one, no file is read', () => {
    expect(said('config more.conf')).toContain('2:8 error[source] cannot read this file: files cannot be read here')
  })

  test('what it throws is a problem, whatever it is', () => {
    const throwing = (what: unknown) => () => {
      throw what
    }
    const wanted = (why: string) => `2:8 error[source] cannot read this file: ${why}`
    expect(said('config more.conf', { read: throwing(new Error('on fire')) })).toContain(wanted('on fire'))
    expect(said('config more.conf', { read: throwing('on fire') })).toContain(wanted('the reader failed'))
  })
})
