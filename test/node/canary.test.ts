/**
 * S9: a secret goes to the hop that it is for, and nowhere else. Every place in which a credential can stand holds one
 * that no other text has, runs end in every way in which they can, and all that the engine says is searched for them.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { type AddressInfo, type Server, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { RemoteInput } from '../../src/config/schema.ts'
import { Vault } from '../../src/config/vault.ts'
import { renderIssues } from '../../src/config/render.ts'
import { ConfigError } from '../../src/node/connect-error.ts'
import { sockchart } from '../../src/node/cli/sockchart.ts'
import { createClient } from '../../src/node/create-client.ts'
import { loadConfig } from '../../src/node/load-config.ts'
import { type Canary, canary, canaryOf, leaksIn } from './canary/canary.ts'
import { type Emissions, programsOf, storyOf } from './canary/emitted.ts'
import { fakeIo } from './cli/fake-io.ts'
import {
  asked,
  BASIC,
  bytes,
  carried,
  CARRIED,
  carriedOn,
  CARRIES,
  type Case,
  CRLF,
  HTTP,
  type Kind,
  letIn,
  loginIn,
  REFUSES,
  reply,
  SOCKS,
} from './canary/hops.ts'
import type { Place } from './peer-pairs.ts'
import { type Script, type ScriptedProxy, scripted, scriptedHttp } from './proxies/scripted.ts'

const folder = mkdtempSync(join(tmpdir(), 'sockchart-canary-'))
const proxies: ScriptedProxy[] = []
let target: Server
let there: Place
beforeAll(async () => {
  // It closes as soon as it is spoken to: a confirmation fails.
  target = createServer((socket) => socket.on('error', () => {}).on('data', () => socket.end())).listen(0, '127.0.0.1')
  await once(target, 'listening')
  there = { host: '127.0.0.1', port: (target.address() as AddressInfo).port }
})
afterEach(async () => {
  for (const proxy of proxies.splice(0)) await proxy[Symbol.asyncDispose]()
})
afterAll(() => {
  target.close()
  rmSync(folder, { recursive: true })
})

/** What was found where; nothing, if all is well. */
const leaks = (said: Emissions, canaries: readonly Canary[]) =>
  [...said].flatMap(([where, text]) => leaksIn(text, canaries).map((leak) => `${leak} in ${where}`))

let files = 0
function write(name: string, ...lines: readonly string[]): string {
  const file = join(folder, `${++files}-${name}`)
  writeFileSync(file, `${lines.join('\n')}\n`, { mode: 0o600 })
  return file
}

/** A login, the content of a header and a static key, none of which was ever seen before. */
function secretsOf(name: string, middle?: string) {
  const [user, password, header] = [
    canary(`user ${name}`, middle),
    canary(`password ${name}`, middle),
    canary(`header ${name}`, middle),
  ]
  const key = randomBytes(256)
  const rows = key.toString('hex').match(/.{32}/g) ?? []
  const armoured = ['-----BEGIN OpenVPN Static key V1-----', ...rows, '-----END OpenVPN Static key V1-----']
  return {
    user,
    password,
    header,
    login: [user.text, password.text],
    tlsAuth: ['<tls-auth>', ...armoured, '</tls-auth>'],
    all: [user, password, header, canaryOf(`key ${name}`, key)],
  }
}
type Secrets = ReturnType<typeof secretsOf>

/** Its scripts see one request, or one message, at a time. */
async function proxied(kind: Kind, script: Script): Promise<ScriptedProxy> {
  const proxy = await (kind === 'http-proxy' ? scriptedHttp : scripted)(script)
  proxies.push(proxy)
  return proxy
}
/** Where a login can stand in the text of a configuration: lines of a file, and of the command line. */
type Written = (
  place: Place,
  secrets: Secrets,
  method: string,
) => { readonly lines: string[]; readonly argv?: string[] }

const header = ({ header: { text } }: Secrets) => `http-proxy-option CUSTOM-HEADER X-Token ${text}`
const onHttpLine: Written = ({ host, port }, secrets, method) => ({
  lines: [
    `http-proxy ${host} ${port} ${write('login', ...secrets.login)} ${method === 'auto' ? '' : method}`.trimEnd(),
    header(secrets),
  ],
})
const onSocksLine: Written = ({ host, port }, { login }) => ({
  lines: [`socks-proxy ${host} ${port} ${write('login', ...login)}`],
})
const inFile =
  (kind: Kind): Written =>
  ({ host, port }, { login }) => ({
    lines: [`${kind} ${host} ${port}`, `${kind}-user-pass ${write('login', ...login)}`],
  })
const inline =
  (kind: Kind): Written =>
  ({ host, port }, { login }) => ({
    lines: [`${kind} ${host} ${port}`, `<${kind}-user-pass>`, ...login, `</${kind}-user-pass>`],
  })
const inBlock =
  (kind: Kind): Written =>
  (place, secrets, method) => ({
    lines: ['<connection>', remote(), ...inFile(kind)(place, secrets, method).lines, '</connection>'],
  })
const onCommandLine =
  (written: Written): Written =>
  (...args) => ({
    lines: [],
    argv: written(...args).lines.flatMap((line) => `--${line}`.split(' ')),
  })

const remote = (proto = 'tcp') => `remote ${there.host} ${there.port} ${proto}`
const COMMON = ['client', 'connect-timeout 1', 'key-direction 1']

/** Runs it in every way, and looks for its secrets. */
async function tell(kind: Kind, [title, method, script, outcome]: Case, written: Written, ...more: readonly string[]) {
  const secrets = secretsOf('of the proxy')
  const proxy = await proxied(kind, script)
  const { lines, argv = [] } = written(proxy.place, secrets, method)
  const hasRemote = [...lines, ...more].some((line) => line.startsWith('remote '))
  const remotes = hasRemote ? [] : [remote()]
  const file = write('client.ovpn', ...COMMON, ...remotes, ...lines, ...secrets.tlsAuth, ...more)
  const { said, outcomes } = await storyOf(file, argv)
  const told = proxy.told().toString('latin1')
  // It was told: the search below would find it.
  expect(leaksIn(told, [secrets.user, secrets.header]), title).not.toEqual([])
  const expected = typeof outcome === 'string' ? outcome : (expect.stringMatching(outcome) as string)
  expect(outcomes).toEqual({ 'connect()': expected, 'createClient()': expected })
  expect(leaks(said, [...secrets.all, ...derived(told)])).toEqual([])
}

/** What was made of the secrets, and what somebody could find them with. */
function derived(told: string): Canary[] {
  const responses = [...told.matchAll(/response="([0-9a-f]+)"/g)].map(([, hash = '']) => Buffer.from(hash))
  return responses.map((response) => canaryOf('Digest response', response))
}

describe('the search', () => {
  const secret = canary('secret')
  const all = Buffer.from(secret.text)
  const utf16 = Buffer.from(secret.text, 'utf16le')
  it.each([
    ['as it is', secret.text],
    ['half of it', secret.text.slice(0, 20)],
    [
      'backwards',
      [...all]
        .toReversed()
        .map((byte) => String.fromCharCode(byte))
        .join(''),
    ],
    ['in JSON', JSON.stringify({ secret: secret.text })],
    ['in the URL of a proxy', `http://${encodeURIComponent(secret.text)}@proxy.example`],
    ['percent by percent', all.toString('hex').replaceAll(/../g, '%$&')],
    ['in base64', all.toString('base64')],
    ['in base64, behind a user', Buffer.from(`ann:${secret.text}`).toString('base64')],
    ['in base64, behind another one', Buffer.from(`jimmy:${secret.text}`).toString('base64url')],
    ['in hex', all.toString('hex')],
    ['in upper hex', all.toString('hex').toUpperCase()],
    ['as a Buffer is inspected', inspect(all)],
    ['as bytes are inspected', inspect(new Uint8Array(all))],
    ['as JSON has a Buffer', JSON.stringify(all)],
    ['as JSON has bytes', JSON.stringify(new Uint8Array(all))],
    ['in UTF-16', utf16.toString('latin1')],
    ['in UTF-16, escaped', JSON.stringify(utf16.toString('latin1'))],
    ['in UTF-16 and base64, as NTLM has it', Buffer.concat([all.subarray(0, 2), utf16]).toString('base64')],
  ])('finds a secret %s', (_, text) => {
    expect(leaksIn(`before ${text} behind`, [secret])).not.toEqual([])
    expect(leaksIn(`before ${text} behind`, [canary('another')])).toEqual([])
  })
})

describe('S9 R9 credentials show nowhere', () => {
  it.each(HTTP)('http-proxy %s (%s)', (...of) => tell('http-proxy', of, onHttpLine))
  it.each(SOCKS)('socks-proxy %s', (...of) => tell('socks-proxy', of, onSocksLine))

  const places = (['http-proxy', 'socks-proxy'] as const).flatMap((kind) => {
    const line = kind === 'http-proxy' ? onHttpLine : onSocksLine
    return [
      [kind, 'in a file that an option names', inFile(kind)],
      [kind, 'inline', inline(kind)],
      [kind, 'in a block', inBlock(kind)],
      [kind, 'on the command line', onCommandLine(line)],
    ] as const
  })
  it.each(places)('%s, written %s', async (kind, _, written) => {
    await tell(kind, CARRIES[kind], written)
    await tell(kind, withMethod(REFUSES[kind]), written)
  })
  // Only the line itself can name a method.
  const withMethod = ([title, , script, outcome]: Case): Case => [title, 'auto', script, outcome]

  it('behind the hops, when the confirmation fails', () =>
    tell(
      'http-proxy',
      ['carries us', 'basic', carried, /^(CLOSED_BY_PEER|ECONNRESET) at confirm$/],
      onHttpLine,
      'confirm openvpn',
    ))

  it('socks-proxy with a relay that has the name of the password', async () => {
    let login: Uint8Array = new Uint8Array()
    const script: Script = (message, n) => {
      if (n === 1) login = message.subarray(2)
      const name = Buffer.concat([bytes(5, 0, 0, 3, login.length), login, bytes(1, 1)])
      return [bytes(5, 2), bytes(1, 0), name][n] ?? ''
    }
    await tell('socks-proxy', ['names its relay', '', script, 'BAD_REPLY at negotiate 1'], onSocksLine, remote('udp'))
  })

  it('where the proxy is not there at all', async () => {
    const secrets = secretsOf('of nobody')
    const gone = await proxied('http-proxy', () => '')
    await gone[Symbol.asyncDispose]()
    const { lines } = onHttpLine(gone.place, secrets, 'basic')
    const { said, outcomes } = await storyOf(
      write('client.ovpn', ...COMMON, remote(), ...lines, ...secrets.tlsAuth),
      [],
    )
    expect(outcomes).toMatchObject({ 'connect()': expect.stringMatching(/^ECONNREFUSED at connect/) as string })
    expect(leaks(said, secrets.all)).toEqual([])
  })
})

describe('S9 R9 what a hop says in the place of the next one', () => {
  type Saying = (secret: string) => string
  const sayings: readonly (readonly [Kind, Kind, Saying])[] = (['http-proxy', 'socks-proxy'] as const).flatMap(
    (first) => [
      [first, 'http-proxy', (secret) => `${secret}${CRLF}${CRLF}`],
      [first, 'http-proxy', (secret) => reply(`403 ${secret}`)],
      [first, 'http-proxy', (secret) => asked(secret)],
      [first, 'socks-proxy', (secret) => secret],
      [first, 'socks-proxy', (secret) => `SSH-2.0-${secret}${CRLF}`],
      [first, 'socks-proxy', (secret) => reply(`403 ${secret}`)],
    ],
  )
  it.each(sayings)('%s, then %s', async (first, second, saying) => {
    const secrets = secretsOf('of the first')
    let password = ''
    const script: Script = (message, n) => {
      if (first === 'http-proxy') return `HTTP/1.1 200 OK${CRLF}${CRLF}${saying(loginIn(message))}`
      if (n === 1) password = message.subarray(-secrets.password.text.length).toString()
      return [bytes(5, 2), bytes(1, 0)][n] ?? Buffer.concat([CARRIED, Buffer.from(saying(password))])
    }
    const near = await proxied(first, script)
    const written = first === 'http-proxy' ? onHttpLine : onSocksLine
    const lines = [...written(near.place, secrets, 'basic').lines, `${second} 127.0.0.1 1080`]
    const { said, outcomes } = await storyOf(write('client.ovpn', ...COMMON, remote(), ...lines), [])
    expect(outcomes['connect()']).toMatch(/ at negotiate 2$/)
    expect(leaks(said, secrets.all)).toEqual([])
  })
})

describe('S9 R9 the object form', () => {
  const object = (proxy: ScriptedProxy, kind: Kind, auth: string, secrets: Secrets, vault: Vault): RemoteInput => {
    const settings = {
      login: vault.add(Buffer.from(secrets.login.join('\n'))),
      ...(kind === 'http-proxy' ? { auth, headers: [vault.add(Buffer.from(`X-Token: ${secrets.header.text}`))] } : {}),
    }
    return { ...there, proto: 'tcp', connectTimeout: 1_000, hops: [{ kind, ...proxy.place, settings }] }
  }

  it.each([
    ['http-proxy', CARRIES['http-proxy']],
    ['http-proxy', REFUSES['http-proxy']],
    ['socks-proxy', CARRIES['socks-proxy']],
    ['socks-proxy', REFUSES['socks-proxy']],
  ] as readonly [Kind, Case][])('%s', async (kind, [, auth, script, outcome]) => {
    const [secrets, vault] = [secretsOf('of the proxy'), new Vault()]
    const proxy = await proxied(kind, script)
    const config = { remotes: [object(proxy, kind, auth, secrets, vault)] }
    const { said, outcomes } = await programsOf(config, vault)
    expect(outcomes).toEqual({ 'connect()': outcome, 'createClient()': outcome })
    expect(leaksIn(proxy.told().toString('latin1'), [secrets.password])).not.toEqual([])
    if (kind === 'http-proxy') expect(leaksIn(proxy.told().toString('latin1'), [secrets.header])).not.toEqual([])
    expect(leaks(new Map([...said, ['configuration', JSON.stringify(config)]]), secrets.all)).toEqual([])
  })

  it('a secret where a handle belongs is refused, and not repeated', () => {
    const secrets = secretsOf('in the wrong place')
    const settings = [
      { login: secrets.login.join('\n') },
      { auth: secrets.password.text },
      { headers: [`X-Token: ${secrets.header.text}`] },
      { login: [secrets.password.text] },
    ]
    for (const kind of ['http-proxy', 'socks-proxy'])
      for (const one of settings) {
        const hop = { kind, host: '127.0.0.1', port: 1, settings: one }
        let error: unknown
        try {
          createClient({ remotes: [{ ...there, proto: 'tcp', hops: [hop] }] })
        } catch (thrown) {
          error = thrown
        }
        expect(error).toBeInstanceOf(ConfigError)
        const { message, stack, issues } = error as ConfigError
        expect(leaksIn([message, stack, JSON.stringify(issues)].join('\n'), secrets.all)).toEqual([])
      }
  })
})

describe('S9 R9 a configuration with mistakes is explained without its secrets', () => {
  const http = 'http-proxy 127.0.0.1 3128'
  const socks = 'socks-proxy 127.0.0.1 1080'
  const custom = (...words: readonly string[]) => ['http-proxy-option', ...words].join(' ')
  const inlineOf = (kind: Kind, ...lines: readonly string[]) => [
    `<${kind}-user-pass>`,
    ...lines,
    `</${kind}-user-pass>`,
  ]
  type Mistake = readonly [title: string, lines: (secrets: Secrets) => string[]]
  const mistakes: readonly Mistake[] = [
    ['a file without a user', ({ password }) => [`${http} ${write('login', '', password.text)}`]],
    ['a file with a third line', ({ login, header }) => [`${socks} ${write('login', ...login, header.text)}`]],
    ['a login in three lines', ({ login, header }) => [http, ...inlineOf('http-proxy', ...login, header.text)]],
    ['a login in one line', ({ password }) => [socks, ...inlineOf('socks-proxy', password.text)]],
    [
      'a login that is too long',
      ({ user, password }) => [socks, ...inlineOf('socks-proxy', user.text.repeat(10), password.text)],
    ],
    [
      'a colon in the user',
      ({ login, password }) => [`${http} auto basic`, ...inlineOf('http-proxy', login.join(':'), password.text)],
    ],
    ['a block that does not end', ({ login }) => [http, '<http-proxy-user-pass>', ...login]],
    ['a login for nobody', ({ login }) => inlineOf('http-proxy', ...login)],
    ['a login twice', ({ login }) => [http, ...inlineOf('http-proxy', ...login), ...inlineOf('http-proxy', ...login)]],
    ['a header that is misspelt', ({ header }) => [http, custom('CUSTOM-HEADR', 'X-Token', header.text)]],
    ['a header that is no name', ({ header }) => [http, custom('CUSTOM-HEADER', '"X Token"', header.text)]],
    [
      'a header with more words',
      ({ header, user }) => [http, custom('CUSTOM-HEADER', 'X-Token', header.text, user.text)],
    ],
    ['a header without an end', ({ header }) => [http, custom('CUSTOM-HEADER', 'X-Token', `"${header.text}`)]],
    [
      'a header with a control character',
      ({ header }) => [http, custom('CUSTOM-HEADER', 'X-Token', `${header.text}\u0007`)],
    ],
    ['a header for nobody', ({ header }) => [custom('CUSTOM-HEADER', 'X-Token', header.text)]],
    ['a header for a SOCKS proxy', ({ header }) => [socks, custom('CUSTOM-HEADER', 'X-Token', header.text)]],
    [
      'eleven headers',
      ({ header }) => [http, ...Array<string>(11).fill(custom('CUSTOM-HEADER', 'X-Token', header.text))],
    ],
    ['a login over UDP', ({ login }) => [http, ...inlineOf('http-proxy', ...login), remote('udp')]],
    ['a login below its directive', ({ login }) => [http, 'http-proxy-user-pass', ...login]],
    ['a login below a mark', ({ login }) => [http, 'http-proxy-user-pass [inline]', ...login]],
    ['a login below auto', ({ login }) => [`${http} auto`, ...login]],
    [
      'blanks in the tag of a login',
      ({ login }) => [socks, '<socks-proxy-user-pass >', ...login, '</socks-proxy-user-pass>'],
    ],
    [
      'blanks in the end of a login',
      ({ login }) => [socks, '<socks-proxy-user-pass>', ...login, '</socks-proxy-user-pass >'],
    ],
    [
      'a tag that is not closed itself',
      ({ login }) => [socks, '<socks-proxy-user-pass', ...login, '</socks-proxy-user-pass>'],
    ],
    [
      'a login whose end comes first',
      ({ login }) => [http, '</http-proxy-user-pass>', ...login, '<http-proxy-user-pass>'],
    ],
    ['a login behind its tag', ({ login }) => [http, `<http-proxy-user-pass> ${login.join(' ')}`]],
    ['a login without a directive', ({ login }) => [http, login.join(' ')]],
    ['a password with a quote', ({ password }) => [http, 'http-proxy-user-pass', `"${password.text}`]],
    ['a login for a port', ({ login }) => [`http-proxy 127.0.0.1 ${login.join(':')}`]],
    ['a login for the port of a SOCKS proxy', ({ login }) => [`socks-proxy 127.0.0.1 ${login.join(':')}`]],
    ['a password for a port', ({ password }) => [`http-proxy 127.0.0.1 ${password.text} 3128`]],
    ['a login for a host', ({ login }) => [`http-proxy ${login.join('@')} 3128`]],
    ['a login before a host', ({ login }) => [`socks-proxy ${login.join(':')}@127.0.0.1 1080`]],
    ['a login in a URL', ({ login }) => [`http-proxy http://${login.join(':')}@127.0.0.1:3128 3128`]],
    ['a login for a file', ({ login }) => [`${http} ${login.join(':')}`]],
    ['a login for a file and a method', ({ login }) => [`${http} ${login.join(' ')}`]],
    ['a password for a version', ({ password }) => [socks, `socks-proxy-option VERSION ${password.text}`]],
    ['a password for an option', ({ password }) => [socks, `socks-proxy-option ${password.text} 5`]],
  ]
  // Of one word, and of what is no word.
  it.each(mistakes.flatMap((mistake) => ['', '%/~'].map((middle) => [...mistake, middle] as const)))(
    '%s',
    async (_, linesOf, middle) => {
      const secrets = secretsOf('with a mistake', middle)
      const lines = linesOf(secrets)
      const file = write('client.ovpn', ...COMMON, remote(), ...secrets.tlsAuth, ...lines)
      const said = await toldOf(file)
      const { issues, vault, ...parsed } = loadConfig(file)
      said.set('loadConfig()', [renderIssues(issues), JSON.stringify({ issues, vault, ...parsed })].join('\n'))
      expect(issues.filter(({ code }) => code !== 'R1')).not.toEqual([])
      expect(leaks(said, secrets.all)).toEqual([])
    },
  )

  type Slip = readonly [title: string, argv: (secrets: Secrets) => string]
  const slips: readonly Slip[] = [
    ['a URL behind =', ({ login }) => `--http-proxy=http://${login.join(':')}@127.0.0.1:1`],
    ['a password behind =', ({ password }) => `--http-proxy-user-pass=${password.text}`],
    ['a password behind =, beside a plugin', ({ password }) => `--socket-plugin ./no.mjs --far-pass=${password.text}`],
    ['a login for a file', ({ login }) => `--http-proxy 127.0.0.1 1 --http-proxy-user-pass ${login.join(' ')}`],
    ['a login for a port', ({ login }) => `--http-proxy 127.0.0.1 ${login.join(':')}`],
  ]
  it.each(slips)('on the command line, %s', async (_, argvOf) => {
    const secrets = secretsOf('with a slip', '')
    const argv = argvOf(secrets).split(' ')
    const file = write('client.ovpn', ...COMMON, remote())
    const said = await toldOf(file, argv)
    const { issues } = loadConfig(file, { argv })
    said.set('loadConfig()', [renderIssues(issues), JSON.stringify(issues)].join('\n'))
    expect(issues.filter(({ severity }) => severity === 'error')).not.toEqual([])
    expect(leaks(said, secrets.all)).toEqual([])
  })

  async function toldOf(file: string, argv: readonly string[] = []): Promise<Map<string, string>> {
    const said = new Map<string, string>()
    for (const command of ['check -v', 'check --json', 'plan', 'run --once', 'run --once --json']) {
      const io = fakeIo()
      const [first = '', ...words] = command.split(' ')
      const retries = first === 'run' ? ['--connect-retry-max', '1'] : []
      await sockchart([first, file, ...words, ...retries, ...argv], io)
      said.set(command, io.stdout.text + io.stderr.text)
    }
    return said
  }
})

describe('S9 R9 each hop hears its own secrets only', () => {
  const told = (proxy: ScriptedProxy, { user, password, header }: Secrets) =>
    leaksIn(proxy.told().toString('latin1'), [user, password, header])

  it.each([
    ['http-proxy', 'socks-proxy'],
    ['socks-proxy', 'http-proxy'],
  ] as const)('%s, then %s, in a chain', async (first, second) => {
    const [a, b] = [secretsOf('of the first'), secretsOf('of the second')]
    const carrying = first === 'http-proxy' ? carried : letIn(carriedOn)
    const near = await proxied(first, carrying)
    const far = await proxied(second, REFUSES[second][2])
    const written = { 'http-proxy': onHttpLine, 'socks-proxy': onSocksLine }
    const lines = [...written[first](near.place, a, 'basic').lines, ...written[second](far.place, b, 'basic').lines]
    const { said, outcomes } = await storyOf(write('client.ovpn', ...COMMON, remote(), ...lines), [])
    expect(outcomes).toEqual({ 'connect()': 'HOP_AUTH at negotiate 2', 'createClient()': 'HOP_AUTH at negotiate 2' })
    expect(leaks(said, [...a.all, ...b.all])).toEqual([])
    expect(told(near, a)).not.toEqual([])
    // Until it carried; afterwards the bytes for the second go through it, as they must.
    expect(told(near, b)).toEqual([])
    expect(told(far, b)).not.toEqual([])
    expect(told(far, a)).toEqual([])
  })

  it('of several remotes, each over a proxy of its own, one of which sends us on to another', async () => {
    const [a, b] = [secretsOf('of the first'), secretsOf('of the second')]
    const third = await proxied('http-proxy', () => asked(BASIC))
    const second = await proxied('http-proxy', () => asked(BASIC))
    const away = `Location: http://${third.place.host}:${third.place.port}/`
    const first = await proxied('http-proxy', (_, n) => (n === 0 ? asked(BASIC) : reply('305 Use Proxy', [away])))
    const block = (...lines: readonly string[]) => ['<connection>', remote(), ...lines, '</connection>']
    const without = `http-proxy ${third.place.host} ${third.place.port}`
    const blocks = [
      ...block(...onHttpLine(first.place, a, 'auto').lines),
      ...block(...onHttpLine(second.place, b, 'auto').lines),
      ...block(without),
    ]
    const { said } = await storyOf(write('client.ovpn', ...COMMON, ...blocks), [])
    expect(leaks(said, [...a.all, ...b.all])).toEqual([])
    expect([told(first, a), told(second, b)]).not.toContainEqual([])
    expect([told(first, b), told(second, a), told(third, a), told(third, b)]).toEqual([[], [], [], []])
    expect(third.streams()).toBeGreaterThan(0)
  })
})
