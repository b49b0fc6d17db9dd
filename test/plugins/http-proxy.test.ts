import * as fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import type { HopConfig } from '../../src/config/schema.ts'
import { Vault } from '../../src/config/vault.ts'
import type { Failure } from '../../src/failure.ts'
import { hopTools } from '../../src/node/hop-tools.ts'
import { HttpLogin } from '../../src/plugins/http-login.ts'
import { httpProxy } from '../../src/plugins/http-proxy.ts'
import type { Negotiator, Progress, Tools } from '../../src/plugins/negotiator.ts'
import { asText, octets } from '../../src/plugins/octets.ts'
import type { HopMaker, Way } from '../../src/plugins/plugin.ts'
import { utf8 } from '../../src/utf8.ts'
import { leaks } from './canary.ts'
import { forEveryCut } from './converse.ts'
import { CANARY, HTTP_ROWS, type HttpRow, LOGIN, TYPE_2, status } from './http-exchanges.ts'

const maker = httpProxy.create({ name: 'http-proxy', words: [], directives: [] }).hops as HopMaker

const TOOLS: Tools = { ...hopTools, random: (length) => new Uint8Array(length).fill(0xaa), wall: () => 0 }

function negotiatorFor({ settings = {}, login, headers, target, transport, mayQuote }: HttpRow): Negotiator | Failure {
  const vault = new Vault()
  const secrets = {
    ...(login !== undefined && { login: vault.add(utf8(login)) }),
    ...(headers && { headers: headers.map((header) => vault.add(octets(header))) }),
  }
  const [host, port] = target ?? ['vpn.example', 443]
  return maker.negotiator({
    hop: { kind: 'http-proxy', host: 'proxy.example', port: 3128, settings: { ...settings, ...secrets } },
    target: { host, port },
    transport: transport ?? 'tcp',
    open: (handle) => vault.open(handle),
    tools: TOOLS,
    mayQuote: mayQuote ?? (login ?? headers) === undefined,
  })
}

interface Played {
  readonly state: Progress['state']
  readonly code?: string
  readonly message?: string
  readonly requests: readonly string[]
  readonly connections: number
  readonly carried?: string
}

type Cut = (reply: string, index: number) => readonly Uint8Array[]
const whole: Cut = (reply) => [octets(reply)]

/** The proxy gives one reply to each request; what is left of one belongs to whoever hears next. */
function play(row: HttpRow, cut: Cut = whole): Played {
  const negotiator = negotiatorFor(row)
  if ('code' in negotiator) return { ...negotiator, state: 'failed', requests: [], connections: 0 }
  let progress = negotiator.begin()
  const requests = [sent(progress)]
  let connections = 1
  for (const [index, reply] of row.replies.entries()) {
    const pieces = [...cut(reply, index)]
    let asked = ''
    while (progress.state === 'waiting' && pieces.length > 0) {
      progress = negotiator.receive(pieces.shift() as Uint8Array)
      asked += sent(progress)
    }
    const isOver = index === row.replies.length - 1
    if (progress.state === 'reopen' || (progress.state === 'done' && !isOver)) {
      progress = negotiator.begin()
      connections++
      asked += sent(progress)
    }
    if (asked !== '') requests.push(asked)
    if (progress.state === 'failed') return { ...progress, requests, connections }
    if (progress.state !== 'done') continue
    const carried = [progress.early ?? new Uint8Array(0), ...pieces].map(asText).join('')
    return { state: 'done', requests, connections, carried }
  }
  return { state: progress.state, requests, connections }
}

/** In a title a name is only whole when it is a word of its own. */
const named = (rows: readonly HttpRow[]) => rows.map((row) => [row.name, row] as const)

const sent = (progress: Progress): string => ('send' in progress && progress.send ? asText(progress.send) : '')

describe('R9 http-proxy talks to proxies', () => {
  test('the rows are rows of their own', () => {
    expect(HTTP_ROWS.length).toBeGreaterThan(150)
    expect(new Set(HTTP_ROWS.map(({ name }) => name)).size).toBe(HTTP_ROWS.length)
  })

  test.each(named(HTTP_ROWS))('%s', (_, row) => {
    const { requests, connections, carried, fails, waits } = row
    const played = play(row)
    expect(played.state, played.message).toBe(fails ? 'failed' : waits ? 'waiting' : 'done')
    if (requests) expect(played.requests).toHaveLength(requests.length)
    for (const [i, request] of (requests ?? []).entries()) {
      if (typeof request === 'string') expect(played.requests[i]).toBe(request)
      else expect(played.requests[i]).toMatch(request)
    }
    if (!fails) expect(played.connections).toBe(connections ?? 1)
    if (carried !== undefined) expect(played.carried).toBe(carried)
    if (!fails) return
    expect(played.code).toBe(fails[0])
    expect(played.message).toMatch(fails[1])
    expect(played.message).toMatch(/^the HTTP proxy proxy\.example:3128 [ -~…]+$/)
  })

  test('every request is one, and none has a line of somebody else', () => {
    for (const row of HTTP_ROWS)
      for (const request of play(row).requests) {
        expect(request).toMatch(/^CONNECT \S+ HTTP\/1\.[01]\r\n(?:[^\r\n\0]+\r\n)+\r\n$/)
        expect(request.match(/^host:/gim)).toHaveLength(1)
        expect(request.match(/^proxy-authorization:/gim) ?? []).toHaveLength(
          /^proxy-authorization:/im.test(request) ? 1 : 0,
        )
      }
  })
})

/** Long replies are cut at some places only: each byte is looked at for each cut. */
function forManyCuts(bytes: Uint8Array, look: (pieces: readonly Uint8Array[]) => void): void {
  if (bytes.length <= 150) return forEveryCut(bytes, look)
  const places = fc.uniqueArray(fc.integer({ min: 1, max: bytes.length - 1 }), { minLength: 1, maxLength: 8 })
  fc.assert(
    fc.property(places, (places) => {
      const ends = [...places.toSorted((a, b) => a - b), bytes.length]
      look(ends.map((end, i) => bytes.subarray(i === 0 ? 0 : ends[i - 1], end)))
    }),
    { numRuns: 20 },
  )
}

describe('R9 it makes no difference how the bytes of an HTTP proxy are cut', () => {
  const talking = HTTP_ROWS.filter(({ replies }) => replies.length > 0)

  test.each(named(talking))('%s', (_, row) => {
    const expected = play(row)
    for (const [index, reply] of row.replies.entries())
      forManyCuts(octets(reply), (pieces) =>
        expect(play(row, (other, i) => (i === index ? pieces : whole(other, i)))).toEqual(expected),
      )
  })

  test('a short reply, in every way there is', () => {
    const row: HttpRow = { name: '', replies: ['HTTP/1.1 200\n\nAB'] }
    const [reply] = row.replies as [string]
    for (let set = 0; set < 2 ** (reply.length - 1); set++) {
      const pieces = reply.replace(/./gs, (char, at: number) => ((set >> at) & 1 ? `${char}|` : char)).split('|')
      const { state, carried } = play(row, () => pieces.filter((piece) => piece !== '').map(octets))
      expect([state, carried]).toEqual(['done', 'AB'])
    }
  })

  test.each(named(talking.filter(({ replies, connections = 1 }) => replies.length > 1 && connections === 1)))(
    'nor when the proxy is faster than our requests: %s',
    (_, row) => {
      const expected = play(row)
      const glued = { ...row, replies: [row.replies.join('')] }
      forManyCuts(octets(glued.replies[0] as string), (pieces) => {
        const { requests, ...played } = play(glued, () => pieces)
        const { requests: all, ...rest } = expected
        expect(played).toEqual(rest)
        if (played.state === 'done') expect(requests.join('')).toBe(all.join(''))
      })
    },
  )
})

describe('S7 an HTTP proxy does not hold us up, however it makes a reply of the largest size', () => {
  const BLANKS = ' '.repeat(8_000)

  test.each([
    ['blanks in a value, and folded lines', `A: x${BLANKS}y\r\n${' \n'.repeat(4_000)}`],
    ['blanks in a value and in folded ones', `A: x${BLANKS}y\r\n z${BLANKS}y\r\n`],
    ['blanks in a list', `Connection: x${BLANKS}y\r\n\r\n`],
    ['blanks in a challenge', `Proxy-Authenticate: Basic\r\n a=${BLANKS}x\r\n x${' '.repeat(7_000)}"\r\n\r\n`],
  ])('%s', (_, headers) => {
    // A defect of that kind takes from seconds to hours.
    const start = performance.now()
    play({ name: '', login: LOGIN, replies: [`HTTP/1.1 407 L\r\n${headers}`] })
    expect(performance.now() - start).toBeLessThan(2000)
  })
})

describe('S9 no message of http-proxy shows a secret', () => {
  const failing = HTTP_ROWS.filter(({ fails, login, headers }) => fails && (login ?? headers) !== undefined)

  test.each(named(failing))('%s', (_, row) => {
    expect(leaks(play(row).message as string, CANARY)).toBe(false)
  })

  /** What can be said in the words of the request before. */
  const echoes: readonly ((heard: string) => string)[] = [
    (heard) => heard,
    (heard) => `SSH${heard}`,
    (heard) => status(`403 ${heard}`),
    (heard) => `HTTP/1.1 ${heard}\r\n\r\n`,
    (heard) => status('200 OK', heard),
    (heard) => status('200 OK', `X: ${heard}\0`),
    (heard) => status('407 L', `Proxy-Authenticate: ${heard}`),
    (heard) => status('407 L', `Proxy-Authenticate: Basic realm="${heard}"`, `Proxy-Authenticate: ${heard} x="y"`),
    (heard) => status('407 L', `Proxy-Authenticate: NTLM ${heard}`),
    (heard) => status('200 OK', ...Array.from({ length: 101 }, () => `X: ${heard}`)),
    (heard) => status('200 OK', `X: ${heard.repeat(400)}`),
  ]
  const MD5 = 'Digest realm="p", nonce="n", qop="auth"'
  const opened: readonly HttpRow[] = [
    { name: 'basic', settings: { auth: 'basic' }, login: LOGIN, replies: [] },
    { name: 'headers', headers: [`X: ${CANARY}`], replies: [] },
    { name: 'digest', login: LOGIN, replies: [status('407 L', `Proxy-Authenticate: ${MD5}`, 'Content-Length: 0')] },
    {
      name: 'ntlm',
      settings: { auth: 'ntlm' },
      login: LOGIN,
      replies: [
        status(
          '407 L',
          `Proxy-Authenticate: NTLM ${Buffer.from(TYPE_2, 'hex').toString('base64')}`,
          'Content-Length: 0',
        ),
      ],
    },
  ]

  test.each(named(opened))('%s, whatever a proxy says that has heard it', (_, row) => {
    const said = play(row).requests.at(-1) as string
    const lines = said.split('\r\n').filter((line) => /^(?:X|Proxy-Authorization):/.test(line))
    expect(lines).toHaveLength(1)
    const heard = [CANARY, LOGIN.replace('\n', ':'), ...lines, ...lines.map((line) => line.replace(/^\S+ \S+ /, ''))]
    for (const words of heard)
      for (const echo of echoes) {
        const { state, message = '' } = play({ ...row, replies: [...row.replies, echo(words)] })
        expect(['failed', 'reopen', 'waiting', 'done']).toContain(state)
        expect(leaks(message, CANARY)).toBe(false)
        for (const secret of heard) expect(message).not.toContain(secret.slice(0, 24))
      }
  })
})

describe('R9 a negotiator of HTTP', () => {
  test('asks four times at most, whatever the proxy says', () => {
    const challenge = fc.constantFrom(
      'Basic realm="p"',
      'NTLM',
      `NTLM ${Buffer.from(TYPE_2, 'hex').toString('base64')}`,
      'Digest realm="p", nonce="n"',
      'Digest realm="p", nonce="m", stale=true',
      'Digest realm="p", nonce="m", stale=true, algorithm=SHA-256',
      'Negotiate',
    )
    const reply = fc
      .tuple(fc.array(challenge, { maxLength: 3 }), fc.boolean())
      .map(([challenges, closes]) =>
        status(
          '407 L',
          ...challenges.map((one) => `Proxy-Authenticate: ${one}`),
          'Content-Length: 0',
          ...(closes ? ['Connection: close'] : []),
        ),
      )
    const auth = fc.constantFrom('basic', 'digest', 'ntlm', 'auto', 'auto-nct')
    fc.assert(
      fc.property(auth, fc.array(reply, { minLength: 5, maxLength: 5 }), (auth, replies) => {
        const played = play({ name: '', settings: { auth }, login: LOGIN, replies })
        expect(played.state).toBe('failed')
        expect(played.requests.length).toBeLessThanOrEqual(4)
      }),
      { numRuns: 2000 },
    )
  })

  test('a cnonce stays with its nonce, since a session is made of it', () => {
    let calls = 0
    const random = (length: number) => new Uint8Array(length).fill(++calls)
    const credentials = { user: 'ann', password: 'p', method: 'digest' } as const
    const login = new HttpLogin(credentials, 'vpn.example:443', { ...TOOLS, random })
    const cnonceIn = (authorization = '') => /cnonce="(\w+)"/.exec(authorization)?.[1]
    const MD5_SESS = 'Digest realm="p", nonce="n", qop="auth", algorithm=MD5-sess'
    login.challenged([MD5_SESS])
    const first = cnonceIn(login.authorization())
    login.accepted()
    login.begin()
    expect(cnonceIn(login.authorization())).toBe(first)
    login.challenged([`${MD5_SESS}, stale=true`])
    expect(cnonceIn(login.authorization())).not.toBe(first)
  })

  test('never throws, and never goes beyond its limits', () => {
    const piece = fc.oneof(
      fc.uint8Array({ minLength: 1, maxLength: 40 }),
      fc.constantFrom('HTTP/1.1 ', '407 L\r\n', '200 OK\r\n', '\r\n', 'Content-Length: 3\r\n', 'a: b\n').map(octets),
      fc.constantFrom('Proxy-Authenticate: ', 'Basic realm="', 'Digest ', 'NTLM ', 'Transfer-Encoding: ').map(octets),
    )
    fc.assert(
      fc.property(fc.array(piece, { minLength: 1, maxLength: 30 }), (pieces) => {
        const { state, message } = play({ name: '', login: LOGIN, replies: ['-'] }, () => pieces)
        if (state === 'failed') expect(message).toMatch(/^the HTTP proxy [ -~…]+$/)
      }),
      { numRuns: 3000 },
    )
  })

  test('a login is never sent to another proxy: each negotiator has its own', () => {
    const a = play({ name: '', settings: { auth: 'basic' }, login: LOGIN, replies: ['HTTP/1.1 200\n\n'] })
    const b = play({ name: '', replies: ['HTTP/1.1 200\n\n'] })
    expect(a.requests.join('')).toContain('Basic')
    expect(b.requests.join('')).not.toContain('Authorization')
  })
})

describe('R9 a hop of http-proxy is judged before anything is opened', () => {
  const WAY: Way = { transport: 'tcp', target: { host: 'vpn.example', port: 443 }, before: 0, behind: 0 }

  const judged = (settings: HopConfig['settings'], way: Partial<Way> = {}, host = 'proxy.example') =>
    maker
      .judge({ kind: 'http-proxy', host, port: 3128, settings }, { ...WAY, ...way })
      .map(({ severity, message, setting }) => `${severity}${setting === undefined ? '' : ` ${setting}`}: ${message}`)

  const to = (host: string) => ({ target: { host, port: 443 } })

  it.each<[string, HopConfig['settings'], Partial<Way>]>([
    ['without settings', {}, {}],
    ['with all of them', { login: 'key:1', auth: 'ntlm', version: '1.0', agent: 'a', headers: ['key:2'] }, {}],
    ['with auto-nct', { login: 'key:1', auth: 'auto-nct' }, {}],
    ['with digest', { login: 'key:1', auth: 'digest' }, {}],
    ['to an IPv6 address', {}, to('2001:db8::1')],
    ['in a chain', {}, { before: 1, behind: 1 }],
    ['on the way to a hop that carries datagrams', {}, { transport: 'udp', behind: 1 }],
  ])('nothing is wrong with it %s', (_, settings, way) => {
    expect(judged(settings, way)).toEqual([])
  })

  const HANDLE = 'the handle of a secret in a vault, like key:1'
  it.each<[string, HopConfig['settings'], Partial<Way>, string]>([
    ['datagrams', {}, { transport: 'udp' }, 'error: an HTTP proxy carries no datagrams'],
    ['a zone', {}, to('fe80::1%eth0'), 'error: fe80::1%eth0 cannot be reached through it: a zone'],
    ['a setting that it does not have', { user: 'ann' }, {}, 'error user: there is no setting "user"'],
    ['a login that is no handle', { login: 'ann', auth: 'digest' }, {}, `error login: expected ${HANDLE}`],
    ['logins', { login: ['key:1'], auth: 'digest' }, {}, `error login: expected ${HANDLE}`],
    ['a method that there is not', { auth: 'bearer' }, {}, 'error auth: expected none, basic, digest'],
    ['a method without a login', { auth: 'digest' }, {}, 'error auth: "digest" needs a login'],
    ['auto without a login', { auth: 'auto' }, {}, 'error auth: "auto" needs a login'],
    ['a version that there is not', { version: '2' }, {}, 'error version: expected 1.1 or 1.0'],
    ['an agent that is none', { agent: '' }, {}, 'error agent: an agent has 1 to 256 characters'],
    ['an agent of two lines', { agent: 'a\r\nX: b' }, {}, 'error agent: an agent has no control characters'],
    ['agents', { agent: ['a'] }, {}, 'error agent: an agent is a text'],
    ['a header that is no list', { headers: 'key:1' }, {}, 'error headers: expected a list'],
    ['a header that is no handle', { headers: ['X: y'] }, {}, 'error headers: expected a list'],
    ['no headers', { headers: [] }, {}, 'error headers: expected 1 to 10 headers'],
    ['eleven headers', { headers: Array.from({ length: 11 }, () => 'key:1') }, {}, 'error headers: expected 1 to 10'],
    ['a login that is not used', { login: 'key:1', auth: 'none' }, {}, 'warning auth: the login is never given'],
  ])('%s', (_, settings, way, message) => {
    const found = judged(settings, way)
    expect(found).toHaveLength(1)
    expect(found[0]).toContain(message)
  })

  it('warns of a login in clear text, but on this host', () => {
    const clear = (host: string) =>
      `the user and the password go to ${host} in clear text, for everybody on the way to read`
    for (const host of ['proxy.example', '198.51.100.1', '2001:db8::1', 'localhost.example']) {
      expect(judged({ login: 'key:1', auth: 'basic' }, {}, host)).toEqual([`warning auth: ${clear(host)}`])
      expect(judged({ login: 'key:1' }, {}, host)).toEqual([
        `warning auth: if it offers nothing but Basic, ${clear(host)}`,
      ])
    }
    for (const host of ['localhost', '127.8.9.10', '::1'])
      expect(judged({ login: 'key:1', auth: 'basic' }, {}, host)).toEqual([])
    expect(judged({ login: 'key:1', auth: 'basic' }, { before: 1 }, 'localhost')).toHaveLength(1)
  })
})
