import { describe, expect, test } from 'vitest'
import { type ParseOptions, parseConfig } from '../../src/config/parse.ts'
import type { Listen, ServerConfig } from '../../src/config/server-schema.ts'

function read(lines: string, options: ParseOptions = {}) {
  const parsed = parseConfig({ text: `mode server\n${lines}\n`, file: 'x' }, options)
  if (parsed.config?.mode !== 'server') throw new Error(parsed.issues.map(({ message }) => message).join('\n'))
  return { ...parsed, config: parsed.config }
}
const listensOf = (lines: string, options?: ParseOptions) => read(lines, options).config.listen
const said = (lines: string, options?: ParseOptions) =>
  parseConfig({ text: `mode server\n${lines}\n`, file: 'x' }, options).issues.map(
    ({ line, column, severity, code, message }) => `${line}:${column} ${severity}[${code}] ${message}`,
  )
const block = (...lines: string[]) => ['<listen>', ...lines, '</listen>'].join('\n')

test('the least configuration, and its defaults', () => {
  expect(read('').config).toEqual({
    mode: 'server',
    listen: [{ proto: 'udp', port: 1194 }],
    bindPolicy: 'all',
    multihome: false,
    resolveTimeout: 5_000,
    maxClients: 1024,
    amplificationLimit: false,
  })
})

test('every global directive arrives, seconds as milliseconds', () => {
  const { config, issues } = read(
    [
      'bind-policy any',
      'multihome',
      'resolve-timeout 2.5',
      'max-clients 10',
      'max-pending 5',
      'hand-window 30',
      'connect-freq 3 10',
      'connect-freq-source 2 0.5',
      'amplification-limit',
    ].join('\n'),
  )
  expect(issues).toEqual([])
  expect(config).toMatchObject({
    bindPolicy: 'any',
    multihome: true,
    resolveTimeout: 2_500,
    maxClients: 10,
    maxPending: 5,
    handWindow: 30_000,
    connectFreq: { count: 3, window: 10_000 },
    sourceFreq: { count: 2, window: 500 },
    amplificationLimit: true,
  } satisfies Partial<ServerConfig>)
})

describe('what makes a configuration a server’s', () => {
  test.each([
    'mode server',
    'mode server\ntls-server',
    'server 10.8.0.0 255.255.255.0',
    'server 10.8.0.0 255.255.255.0 nopool',
    'server-ipv6 2001:db8::/64',
    'server-bridge',
    'server-bridge nogw',
    'server-bridge 10.8.0.4 255.255.255.0 10.8.0.50 10.8.0.100',
    'mode p2p\nserver 10.8.0.0 255.255.255.0',
    'mode p2p\nmode server',
  ])('%s', (text) => {
    const { config, issues } = parseConfig({ text, file: 'x' })
    expect(config?.mode).toBe('server')
    expect(issues.filter(({ code }) => code !== 'repeated')).toEqual([])
  })

  test('the command line may say so', () => {
    const argv = ['--mode', 'server', '--proto', 'tcp', '--port', '443']
    expect(parseConfig({ text: '', file: 'none' }, { argv }).config).toMatchObject({
      listen: [{ proto: 'tcp', port: 443 }],
    })
  })
})

describe('R2 what is bound', () => {
  test.each<[string, string, Partial<Listen>]>([
    ['the wildcards, without a local', '', {}],
    ['the wildcards, by a star', 'local *', {}],
    ['both wildcards, by ::', 'local ::', { host: '::' }],
    ['an address', 'local 198.51.100.1', { host: '198.51.100.1' }],
    ['an address in brackets', 'local [2001:db8::1] 443', { host: '2001:db8::1', port: 443 }],
    ['a name', 'local vpn.example', { host: 'vpn.example' }],
    ['any port, by local', 'local * 0', { port: 0 }],
    ['any port, by port', 'port 0', { port: 0 }],
    ['any port, by lport', 'lport 0', { port: 0 }],
    ['lport beats port', 'port 1\nlport 2', { port: 2 }],
    ['the port of local beats lport', 'lport 2\nlocal * 3', { port: 3 }],
    ['the protocol of local beats the global one', 'proto udp\nlocal * 3 tcp', { port: 3, proto: 'tcp' }],
  ])('%s', (_, lines, expected) => {
    expect(listensOf(lines)).toEqual([{ proto: 'udp', port: 1194, ...expected }])
  })
})

describe('R1 families of a side that listens', () => {
  test.each([
    ['udp', 'udp', undefined],
    ['udp-server', 'udp', undefined],
    ['udp4', 'udp', 'ipv4'],
    ['udp6', 'udp', undefined],
    ['udpv6', 'udp', undefined],
    ['tcp', 'tcp', undefined],
    ['tcp-server', 'tcp', undefined],
    ['tcp4', 'tcp', 'ipv4'],
    ['tcp4-server', 'tcp', 'ipv4'],
    ['tcp6', 'tcp', undefined],
    ['tcp6-server', 'tcp', undefined],
  ])('%s is %s and %s, said when it is an old spelling', (word, proto, family) => {
    for (const lines of [`proto ${word}`, `local * 1194 ${word}`, block(`proto ${word}`)]) {
      const { config, issues } = read(lines)
      expect(config.listen).toEqual([{ proto, port: 1194, ...(family && { family }) }])
      const isOld = /\d/.test(word)
      expect(issues.map(({ severity, code }) => `${severity} ${code}`)).toEqual(isOld ? ['warning R1'] : [])
      expect(parseConfig({ text: `mode server\n${lines}`, file: 'x' }, { strict: true }).config === undefined).toBe(
        isOld,
      )
    }
  })

  test.each<[string, string, Listen['family']]>([
    ['a global word', 'ipv6\nlocal vpn.example', 'ipv6'],
    ['the suffix of a local beats the global word', 'ipv6\nlocal vpn.example 1194 udp4', 'ipv4'],
    ['the old 6 of a local lifts no global word', 'ipv4\nlocal vpn.example 1194 udp6', 'ipv4'],
    ['the block beats the global word', `ipv6\n${block('ipv4')}`, 'ipv4'],
    ['proto udp in a block lifts nothing', `ipv6\n${block('proto udp')}`, 'ipv6'],
    ['a global word below', `${block('port 443')}\nipv6`, 'ipv6'],
    ['bind ipv6only is ipv6', 'bind ipv6only', 'ipv6'],
    ['bind alone says nothing', 'bind', undefined],
    ['the old 6 beside bind ipv6only', 'proto udp6\nbind ipv6only', 'ipv6'],
    ['the old 6 of a local beside it', 'bind ipv6only\nlocal vpn.example 1194 udp6', 'ipv6'],
    ['the old 6 of a block that inherits it', `bind ipv6only\n${block('proto udp6')}`, 'ipv6'],
    ['bind ipv6only of a block', `ipv4\n${block('bind ipv6only', 'local ::')}`, 'ipv6'],
    ['the same twice', 'proto tcp6-server\nipv6\nbind ipv6only', 'ipv6'],
  ])('%s', (_, lines, family) => {
    expect(listensOf(lines)[0]?.family).toBe(family)
  })
})

describe('R8 what is listened on at once', () => {
  test('every local is a block of its own, those of the command line behind those of the file', () => {
    const argv = ['--local', '::1', '53', 'udp', '--local', '*', '80']
    expect(listensOf('local 198.51.100.1 443 tcp\nproto tcp\nlocal 198.51.100.2', { argv })).toEqual([
      { host: '198.51.100.1', port: 443, proto: 'tcp' },
      { host: '198.51.100.2', port: 1194, proto: 'tcp' },
      { host: '::1', port: 53, proto: 'udp' },
      { port: 80, proto: 'tcp' },
    ])
    expect(said('local 198.51.100.1 1\nlocal 198.51.100.2 2')).toEqual([])
  })

  test('blocks inherit globals wherever these stand, the command line first, and keep their own', () => {
    const lines = [block('local ::1'), 'port 5', block('port 7'), 'proto tcp', block('proto udp', 'lport 6')].join('\n')
    expect(listensOf(lines)).toEqual([
      { host: '::1', proto: 'tcp', port: 5 },
      { proto: 'tcp', port: 7 },
      { proto: 'udp', port: 6 },
    ])
    expect(listensOf(lines, { argv: ['--lport', '9', '--proto', 'udp', '--ipv6'] })).toEqual([
      { host: '::1', proto: 'udp', port: 9, family: 'ipv6' },
      { proto: 'udp', port: 7, family: 'ipv6' },
      { proto: 'udp', port: 6, family: 'ipv6' },
    ])
  })

  test('global locals are ignored beside blocks, with a warning', () => {
    const lines = `local 198.51.100.1\n${block('port 443')}`
    expect(listensOf(lines, { argv: ['--local', '::1'] })).toEqual([{ proto: 'udp', port: 443 }])
    expect(said(lines, { argv: ['--local', '::1'] })).toEqual([
      '2:1 warning[scope] this local is ignored: there are <listen> blocks',
      '0:1 warning[scope] this local is ignored: there are <listen> blocks',
    ])
  })

  test.each([
    ['two transports', 'local * 443 tcp\nlocal * 443 udp'],
    ['two ports', 'local * 443\nlocal * 444'],
    ['two addresses', 'local 198.51.100.1\nlocal 198.51.100.2'],
    ['two families', `${block('ipv4')}\n${block('ipv6')}`],
    ['the wildcard of the other family', `${block('ipv4')}\n${block('local 2001:db8::1')}`],
    ['0.0.0.0 and ::1', 'local 0.0.0.0\nlocal ::1'],
    ['two zones', 'local fe80::1%a\nlocal fe80::1%b'],
    ['any port, twice', 'local * 0\nlocal * 0'],
    ['two names', 'local a.example\nlocal b.example'],
    ['a name and an address', 'local a.example\nlocal 198.51.100.1'],
    ['a name and the wildcards: nobody knows yet', 'local a.example\nlocal *'],
    ['one name, a family each', `${block('local a', 'ipv4')}\n${block('local a', 'ipv6')}`],
  ])('%s do not clash', (_, lines) => {
    expect(said(lines)).toEqual([])
    expect(listensOf(lines)).toHaveLength(2)
  })

  test('64 blocks are allowed', () => {
    const lines = Array.from({ length: 64 }, (_, i) => block(`port ${i + 1}`)).join('\n')
    expect(listensOf(lines)).toHaveLength(64)
  })
})

describe('what has no effect in a server', () => {
  const ignoredIn = (lines: string) => read(lines).ignored.map(({ name, at }) => `${name} ${at.line}`)

  test('keys and digests have nothing to do with where packets go, in a block neither', () => {
    const key = '<tls-auth>\nno key at all\n</tls-auth>'
    expect(ignoredIn(`tls-auth missing.key 0\nkey-direction 0\nauth SHA256\n${key}`)).toEqual([
      'tls-auth 2',
      'key-direction 3',
      'auth 4',
    ])
    expect(ignoredIn(block('tls-crypt missing.key', 'fragment 1200'))).toEqual(['tls-crypt 3', 'fragment 4'])
  })

  test('pings, pushes and pools', () => {
    expect(ignoredIn('keepalive 10 60\npush "route 10.0.0.0 255.0.0.0"\nconnect-freq-initial 100 10')).toEqual([
      'keepalive 2',
      'push 3',
      'connect-freq-initial 4',
    ])
  })

  test.each([
    'rport 443',
    'float',
    'connect-timeout 5',
    'server-poll-timeout 5',
    'connect-retry 1 60',
    'connect-retry-max 3',
    'resolv-retry infinite',
    'remote-random',
    'remote-random-hostname',
    'proto-force udp',
    'pacing newest',
    'attempt-delay 250',
    'max-in-flight 3',
    'candidate-order ipv6-first',
  ])('%s is for clients: a warning says so', (line) => {
    const [name] = line.split(' ')
    const message = `"${name}" has no effect: it is for clients, and this is a server's configuration`
    expect(said(line)).toEqual([`2:1 warning[mode] ${message}`])
    expect(read(line).config).toEqual(read('').config)
  })

  test('what servers use is ignored in clients where OpenVPN allows it', () => {
    const { config, ignored } = parseConfig({ text: 'client\nremote h\nhand-window 60\nmultihome\n', file: 'x' })
    expect(config?.mode).toBe('client')
    expect(ignored.map(({ name }) => name)).toEqual(['hand-window', 'multihome'])
  })
})

test('what is for servers has no place in a peer, but for what OpenVPN has in both', () => {
  const { issues } = parseConfig({ text: 'max-clients 3\nhand-window 5\n<listen>\n</listen>\nmultihome\n', file: 'x' })
  expect(issues.map(({ line, severity, code }) => `${line} ${severity} ${code}`)).toEqual([
    '1 error mode',
    '3 error R8',
    '5 warning mode',
  ])
})

test('where lines were lost nobody is called a peer', () => {
  const { issues } = parseConfig({ text: 'mode sever 1\n<listen>\n</listen>\nfrobnicate\n', file: 'x' })
  expect(issues.map(({ code }) => code)).toEqual(['value', 'arity', 'unknown'])
})
