import { describe, expect, test } from 'vitest'
import type { Source } from '../../src/config/source.ts'
import { type ParseOptions, parseConfig } from '../../src/config/parse.ts'
import { validateConfig } from '../../src/config/validate.ts'
import { KNOWN_PLUGINS } from '../../src/plugins/known.ts'
import { Vault } from '../../src/config/vault.ts'
import { utf8 } from '../../src/utf8.ts'
import { asClient } from './as-client.ts'
import { RELAY, TUBE } from './relay-plugin.ts'

const plugins = new Map([RELAY, TUBE].map((module) => [module.name, module]))
const FILES: Readonly<Record<string, string>> = {
  'a.txt': 'a\nhunter1\n',
  'b.txt': 'b\nhunter2\n',
  'more.conf': 'relay-word more\n',
}
const read = (file: string): Source | { readonly problem: string } => {
  const text = FILES[file]
  return text === undefined ? { problem: 'no such file' } : { file, text }
}

/** Of each remote its hops: `relay a:80 login words`. */
function waysOf(lines: string, options: ParseOptions = {}): string[][] {
  const { config, issues, vault } = parseConfig(
    { text: `client\nproto tcp\n${lines}\n`, file: 'x' },
    { plugins, read, ...options },
  )
  expect(issues).toEqual([])
  return asClient(config).remotes.map(({ hops }) =>
    hops.map(({ kind, host, port, settings: { login, words = [] } }) => {
      const secret =
        typeof login === 'string' ? ` ${new TextDecoder().decode(vault.open(login)).split('\n').join('/')}` : ''
      return `${kind} ${host}:${port}${secret}${[words]
        .flat()
        .map((word) => ` ${word}`)
        .join('')}`
    }),
  )
}

const block = (lines: string) => `<connection>\nremote h 443\n${lines}\n</connection>\n`

describe('R9 the way to a remote', () => {
  test('is none without any hop', () => expect(waysOf('remote h')).toEqual([[]]))

  test('is every line of a hop, of whatever plugin, in the order written, and the same for all remotes', () => {
    const chain = ['relay a:80', 'tube b:7', 'relay c:81']
    expect(waysOf('relay a 80\nremote h\ntube b\nremote i\nrelay c 81')).toEqual([chain, chain])
  })

  test('has at most 8 hops', () => {
    const eight = Array.from({ length: 8 }, (_, i) => `relay a${i} 80`)
    expect(waysOf(`remote h\n${eight.join('\n')}`)[0]).toHaveLength(8)
  })

  test('the nearest scope that has any hop counts whole: the block, the command line, the file', () => {
    const text = `relay file 80\ntube file\n${block('tube block')}${block('')}`
    expect(waysOf(text)).toEqual([['tube block:7'], ['relay file:80', 'tube file:7']])
    expect(waysOf(text, { argv: ['--relay', 'argv', '81'] })).toEqual([['tube block:7'], ['relay argv:81']])
  })

  test('a line that counts for nobody is not read: a login file need not be there for that', () => {
    expect(waysOf('remote h\nrelay file 80 gone.txt', { argv: ['--tube', 'argv'] })).toEqual([['tube argv:7']])
  })

  test('the first hop is what is dialled: R1 and R6 judge it, and the remote is a name for it', () => {
    expect(waysOf('ipv4\nlocal 127.0.0.1\nremote 2001:db8::1\nrelay 192.0.2.1 80')).toEqual([['relay 192.0.2.1:80']])
    const { issues } = parseConfig({ text: 'client\nproto tcp\nremote h\nrelay 0.0.0.0 80', file: 'x' }, { plugins })
    expect(issues).toMatchObject([
      {
        line: 4,
        column: 7,
        severity: 'warning',
        message: '0.0.0.0 is the unspecified address: this remote will be skipped',
      },
    ])
  })

  test('a name behind hops gets no random label, which is said once, where one was asked for', () => {
    const remotes = ['proto tcp', 'remote a.test', 'remote b.test', 'remote b.test', 'remote 192.0.2.1']
    const lines = ['client', 'remote-random-hostname', ...remotes, 'relay c.test 80']
    const issuesOf = (text: string, argv: readonly string[] = []) =>
      parseConfig({ text, file: 'x' }, { plugins, argv }).issues
    const message = 'no label is put before a.test, b.test: hops are told the names of remotes as they are'
    const warning = { severity: 'warning', code: 'R9', message, column: 1 }
    expect(issuesOf(lines.join('\n'))).toMatchObject([{ ...warning, line: 2, length: 22 }])
    expect(issuesOf(lines.toSpliced(1, 1).join('\n'), ['--remote-random-hostname'])).toMatchObject([
      { ...warning, file: 'command line: --remote-random-hostname' },
    ])
    const mixed = `client\nproto tcp\nremote-random-hostname\n${block('relay c.test 80')}${block('').replace('remote h', 'remote i')}`
    expect(issuesOf(mixed)).toMatchObject([
      { severity: 'warning', line: 3, message: expect.stringContaining('before h:') },
    ])
    expect(waysOf('remote-random-hostname\nremote a.test')).toEqual([[]])
    expect(waysOf('remote-random-hostname\nremote 192.0.2.1\nrelay c.test 80')).toEqual([['relay c.test:80']])
    expect(waysOf('remote a.test\nrelay c.test 80')).toEqual([['relay c.test:80']])
  })

  test.each([
    ['an address in brackets', 'ipv4', '[::1]', { column: 13, length: 5 }],
    ['one that is read as another, at the line of its hop', 'ipv6', '::ffff:192.0.2.1', { column: 1, length: 11 }],
  ])('%s is found where it stands', (_, family, host, place) => {
    const text = `client\nproto tcp\n${family}\nremote h\nsocks-proxy ${host} 1080`
    const { issues } = parseConfig({ text, file: 'x' }, { plugins: KNOWN_PLUGINS })
    expect(issues).toMatchObject([{ line: 5, code: 'R1', ...place }])
  })

  test('a mapped address is the IPv4 address in it', () => {
    expect(waysOf('remote h\nrelay ::ffff:192.0.2.1 80')).toEqual([['relay 192.0.2.1:80']])
  })

  test('is judged by its plugin, hop by hop', () => {
    const text = 'client\nproto tcp\nremote nowhere.test\nrelay a 80\nrelay nowhere.test 81'
    const { config, issues } = parseConfig({ text, file: 'x' }, { plugins })
    expect(config).toBeDefined()
    expect(issues.map(({ line, message }) => [line, message])).toEqual([
      [4, 'hop 1 of 2 knows no nowhere.test'],
      [5, 'hop 2 of 2 knows no nowhere.test'],
    ])
  })
})

describe('R9 an option belongs', () => {
  test('to the hop of its plugin that stands above it', () => {
    expect(waysOf('remote h\nrelay a 80\nrelay-word x\ntube t\nrelay-word y\nrelay b 80\nrelay-login b.txt')).toEqual([
      ['relay a:80 x y', 'tube t:7', 'relay b:80 b/hunter2/'],
    ])
  })

  test('or, above all of them, to the only one, in the order of the text', () => {
    expect(waysOf('relay-word x\nremote h\nrelay a 80\nrelay-word y')).toEqual([['relay a:80 x y']])
    expect(waysOf(block('relay-word x\nrelay a 80'))).toEqual([['relay a:80 x']])
  })

  test('of an included file it belongs where that stands', () => {
    expect(waysOf('remote h\nrelay a 80\nconfig more.conf\nrelay b 80')).toEqual([['relay a:80 more', 'relay b:80']])
  })

  test('of the command line, to its own hop, and otherwise to the only one of the file', () => {
    const argv = ['--relay-word', 'x']
    expect(waysOf('remote h\nrelay a 80', { argv })).toEqual([['relay a:80 x']])
    expect(waysOf('remote h\nrelay a 80', { argv: ['--relay', 'b', '80', ...argv] })).toEqual([['relay b:80 x']])
  })

  test('a global one without a global hop, to those of the blocks, if they are the same', () => {
    expect(waysOf(`relay-login a.txt\n${block('relay a 80')}${block('relay a 80\nrelay-word x')}${block('')}`)).toEqual(
      [['relay a:80 a/hunter1/'], ['relay a:80 a/hunter1/ x'], []],
    )
  })

  test.each([
    ['file', 'relay-login a.txt\nrelay-word x\n', []],
    ['command line', '', ['--relay-login', 'a.txt', '--relay-word', 'x']],
  ])(
    'a global one of the %s counts less than what the hop of a block has of its own, wherever it stands',
    (_, global, argv) => {
      const own = [
        block('relay a 80\nrelay-login b.txt\nrelay-word y'),
        block('relay-login b.txt\nrelay-word y\nrelay a 80'),
        block('relay a 80 b.txt\nrelay-word y'),
      ]
      for (const text of own.flatMap((own) => [`${global}${own}`, `${own}${global}`]))
        expect(waysOf(text, { argv })).toEqual([['relay a:80 b/hunter2/ x y']])
    },
  )

  test('one of the command line counts more than what the hop of the file has', () => {
    const argv = ['--relay-login', 'b.txt']
    expect(waysOf('remote h\nrelay a 80 a.txt', { argv })).toEqual([['relay a:80 b/hunter2/']])
    expect(waysOf('remote h\nrelay a 80\nrelay-login a.txt', { argv })).toEqual([['relay a:80 b/hunter2/']])
  })

  test('and what stands above the line of its hop counts less than that line', () => {
    expect(waysOf('remote h\nrelay-login a.txt\nrelay a 80 b.txt')).toEqual([['relay a:80 b/hunter2/']])
    expect(waysOf('remote h\nrelay a 80 b.txt\nrelay-login a.txt')).toEqual([['relay a:80 a/hunter1/']])
  })

  test.each([
    ['http-proxy', '3128', 'http-proxy-option'],
    ['socks-proxy', '1080', 'socks-proxy-option'],
  ])(
    'the login of a block is what %s takes, without a word about the global one, which is not even read',
    (name, port, option) => {
      const global = `${name}-user-pass gone.txt\n${option} VERSION 9\n`.replace(
        '9',
        name === 'http-proxy' ? '1.0' : '4',
      )
      const version = name === 'http-proxy' ? '1.1' : '5'
      const own = [
        block(`${name} 127.0.0.1 ${port}\n${name}-user-pass b.txt\n${option} VERSION ${version}`),
        block(`${name} 127.0.0.1 ${port} b.txt\n${option} VERSION ${version}`),
        block(
          `${name} 127.0.0.1 ${port}\n<${name}-user-pass>\nb\nhunter2\n</${name}-user-pass>\n${option} VERSION ${version}`,
        ),
      ]
      for (const text of own.flatMap((own) => [`${global}${own}`, `${own}${global}`])) {
        const options = { plugins: KNOWN_PLUGINS, read }
        const { config, issues, vault } = parseConfig({ text: `client\nproto tcp\n${text}`, file: 'x' }, options)
        expect(issues).toEqual([])
        const [hop] = asClient(config).remotes[0]?.hops ?? []
        expect(hop?.settings).toEqual({ login: 'key:1', version })
        expect(new TextDecoder().decode(vault.open('key:1')).trimEnd()).toBe('b\nhunter2')
      }
    },
  )

  test('a login gets to no other hop than its own', () => {
    expect(waysOf('remote h\nrelay a 80 a.txt\nrelay b 80\nrelay c 80\nrelay-login b.txt')).toEqual([
      ['relay a:80 a/hunter1/', 'relay b:80', 'relay c:80 b/hunter2/'],
    ])
    expect(waysOf(`relay a 80\nrelay-login a.txt\n${block('relay b 80')}${block('')}`)).toEqual([
      ['relay b:80'],
      ['relay a:80 a/hunter1/'],
    ])
  })

  test('a block holds the login itself', () => {
    expect(waysOf('remote h\nrelay a 80\n<relay-login>\nc\nhunter3\n</relay-login>')).toEqual([
      ['relay a:80 c/hunter3'],
    ])
  })
})

describe('R9 an [[INLINE]] is the login that was printed there', () => {
  const vault = new Vault()
  const handles = ['first', 'second', 'third'].map((user) => vault.add(utf8(`${user}\npw\n`)))
  const printed = { plugins: new Map([...plugins, ...KNOWN_PLUGINS]), inlined: { vault, handles } }

  test.each([
    ['the last of two', 'socks-proxy a\nsocks-proxy-user-pass [[INLINE]]\nsocks-proxy-user-pass [[INLINE]]', 'key:2'],
    ['the last of two', 'http-proxy a 1\nhttp-proxy-user-pass [[INLINE]]\nhttp-proxy-user-pass [[INLINE]]', 'key:2'],
    ['of two places', 'http-proxy a 1 [[INLINE]]\nhttp-proxy-user-pass [[INLINE]]', 'key:2'],
    ['above its hop', 'socks-proxy-user-pass [[INLINE]]\nsocks-proxy a 1080 [[INLINE]]', 'key:2'],
    ['behind a header', 'http-proxy a 1\nhttp-proxy-option EXT1 [[INLINE]]\nhttp-proxy-user-pass [[INLINE]]', 'key:2'],
    ['of a block', `${block('relay a 80\nrelay-login [[INLINE]]')}relay-login [[INLINE]]`, 'key:1'],
    [
      'of all blocks',
      `relay-login [[INLINE]]\n${block('relay a 80')}${block('relay a 80\nrelay-login b.txt')}`,
      'key:1',
    ],
  ])('%s: %j', (_, lines, login) => {
    const remote = lines.includes('<') ? '' : 'remote h\n'
    const text = `client\nproto tcp\n${remote}${lines}\n`
    const { config } = parseConfig({ text, file: 'printed' }, { ...printed, read })
    expect(asClient(config).remotes[0]?.hops).toMatchObject([{ settings: { login } }])
  })
})

test('R9 no login shows in what comes out', () => {
  const text = 'client\nremote h\nrelay a 80\n<relay-login>\nc\nhunter3\n</relay-login>\nrelay b 81 b.txt\n'
  const parsed = parseConfig({ text, file: 'x' }, { plugins, read })
  expect(parsed.issues).not.toEqual([])
  expect(JSON.stringify(parsed)).not.toMatch(/hunter/)
})

describe('R9 hops of the object form', () => {
  const makers = new Map([['relay', RELAY.create({ name: 'relay', words: [], directives: [] }).hops!]])
  const shown = (hops: unknown, remote: object = {}) =>
    validateConfig({ remotes: [{ host: 'h', proto: 'tcp', ...remote, hops }] }, makers).issues.map(
      ({ path, severity, code, message }) => `${path}: ${severity}[${code}] ${message}`,
    )
  const hop = { kind: 'relay', host: 'a', port: 80 }

  test.each<[string, unknown, string[]]>([
    ['good', [hop, { ...hop, settings: { words: ['x'], login: 'key:1' } }], []],
    ['no list', 'relay', ['remotes[0].hops: error[value] expected a list']],
    ['too many', Array.from({ length: 9 }, () => hop), ['remotes[0].hops: error[value] expected a list of at most 8']],
    ['no port', [{ kind: 'relay', host: 'a' }], ['remotes[0].hops[0].port: error[value] expected a number']],
    [
      'no name of a plugin',
      [{ ...hop, kind: 'Relay!' }],
      ['remotes[0].hops[0].kind: error[value] expected the name of a plugin'],
    ],
    [
      'a setting that is no text',
      [{ ...hop, settings: { words: 5 } }],
      ['remotes[0].hops[0].settings.words: error[value] expected a text or a list'],
    ],
    [
      'a kind that nobody makes',
      [hop, { ...hop, kind: 'relais' }],
      ['remotes[0].hops[1].kind: error[R9] there is no plugin "relais" that makes hops; known: relay'],
    ],
    [
      'a setting that its plugin judges',
      [hop, { ...hop, settings: { words: ['rude'] } }],
      ['remotes[0].hops[1].settings.words: error[R9] such a word is not said'],
    ],
  ])('%s', (_, hops, issues) => expect(shown(hops)).toEqual(issues))

  test('what it cannot carry', () => {
    expect(shown([hop], { proto: 'udp' })).toEqual(['remotes[0].hops[0]: error[R9] a relay carries TCP only'])
  })

  test('a name behind hops gets no random label', () => {
    const remotes = [{ host: 'h', proto: 'tcp', hops: [hop] }]
    expect(validateConfig({ remotes, remoteRandomHostname: true }).issues).toMatchObject([
      { path: 'remoteRandomHostname', severity: 'warning', code: 'R9' },
    ])
  })

  test('R1 the first hop is what a family is forced for', () => {
    expect(shown([{ ...hop, host: '192.0.2.1' }], { family: 'ipv6' })).toEqual([
      'remotes[0].hops[0].host: error[R1] 192.0.2.1 is no ipv6 address, but ipv6 is forced',
    ])
    expect(shown([{ ...hop, host: '192.0.2.1' }], { host: '::1', family: 'ipv4' })).toEqual([])
  })

  test('without makers nobody judges them', () => {
    expect(validateConfig({ remotes: [{ host: 'h', hops: [{ ...hop, kind: 'relais' }] }] }).issues).toEqual([])
  })

  test('where no plugin makes hops, none is listed', () => {
    const { issues } = validateConfig({ remotes: [{ host: 'h', hops: [hop] }] }, new Map())
    expect(issues).toMatchObject([{ message: 'there is no plugin "relay" that makes hops' }])
  })

  test('a peer has none', () => {
    const peer = { mode: 'p2p', sockets: 'roles', remotes: [{ host: '192.0.2.1', hops: [hop] }] }
    expect(validateConfig(peer).issues).toMatchObject([
      { path: 'remotes[0].hops', code: 'R9', message: 'hops are for clients: peers meet without any' },
    ])
  })
})
