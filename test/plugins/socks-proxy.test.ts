import { describe, expect, it, test } from 'vitest'
import type { HopConfig } from '../../src/config/schema.ts'
import { Vault } from '../../src/config/vault.ts'
import type { Failure } from '../../src/failure.ts'
import type { Negotiator, Tools } from '../../src/plugins/negotiator.ts'
import type { HopMaker, Way } from '../../src/plugins/plugin.ts'
import { socksProxy } from '../../src/plugins/socks-proxy.ts'
import { bytesOf, hexOf, utf8 } from '../../src/utf8.ts'
import { leaks } from './canary.ts'
import { type Told, converse, forEveryCut } from './converse.ts'
import { CANARY, SOCKS_ROWS, type SocksRow } from './socks-exchanges.ts'

const maker = socksProxy.create({ name: 'socks-proxy', words: [], directives: [] }).hops as HopMaker

const refuse = () => {
  throw new Error('SOCKS needs no tools')
}
const NO_TOOLS: Tools = { hash: refuse, hmac: refuse, random: refuse, wall: refuse }

const named = (rows: readonly SocksRow[]) => rows.map((row) => [row.name, row] as const)
const squeezed = (hex: string) => hex.replaceAll(' ', '')

function negotiatorFor({ version, target, login, transport, mayQuote }: SocksRow): Negotiator | Failure {
  const vault = new Vault()
  const settings: Record<string, string> = {}
  if (version) settings['version'] = version
  if (login !== undefined) settings['login'] = vault.add(utf8(login))
  const hop: HopConfig = { kind: 'socks-proxy', host: 'proxy.example', port: 1080, settings }
  const [host, port] = target ?? ['vpn.example', 443]
  return maker.negotiator({
    hop,
    target: { host, port },
    transport: transport ?? 'tcp',
    open: (handle) => vault.open(handle),
    tools: NO_TOOLS,
    mayQuote: mayQuote ?? login === undefined,
  })
}

function play(row: SocksRow, pieces: readonly Uint8Array[]): Told {
  const negotiator = negotiatorFor(row)
  return 'code' in negotiator ? { ...negotiator, state: 'failed', sent: '' } : converse(negotiator, pieces)
}

/** What must not depend on how bytes were cut: of what has failed, not how much we said until then. */
function essence({ sent, relay, ...told }: Told) {
  return { ...told, relay: relay && [relay.address, relay.port], ...(told.state !== 'failed' && { sent }) }
}

describe('R9 socks-proxy talks to proxies', () => {
  test('the rows are rows of their own', () => {
    expect(new Set(SOCKS_ROWS.map(({ name }) => name)).size).toBe(SOCKS_ROWS.length)
  })

  test.each(named(SOCKS_ROWS))('%s', (_, row) => {
    const { hop, sent, carried, relay, fails, waits } = row
    const told = play(row, hop === '' ? [] : [bytesOf(squeezed(hop))])
    expect(told.state).toBe(fails ? 'failed' : waits ? 'waiting' : 'done')
    if (sent !== undefined) expect(told.sent).toBe(squeezed(sent))
    if (carried !== undefined) expect(told.carried).toBe(squeezed(carried))
    if (relay) expect([told.relay?.address, told.relay?.port]).toEqual(relay)
    if (!fails) return
    expect(told.code).toBe(fails[0])
    expect(told.message).toMatch(fails[1])
    expect(told.message).toMatch(/^the SOCKS proxy proxy\.example:1080 /)
  })
})

describe('R9 it makes no difference how the bytes of a SOCKS proxy are cut', () => {
  test.each(named(SOCKS_ROWS))('%s', (_, row) => {
    const bytes = bytesOf(squeezed(row.hop))
    const whole = essence(
      play(
        row,
        [bytes].filter(({ length }) => length > 0),
      ),
    )
    forEveryCut(bytes, (pieces) => expect(essence(play(row, pieces))).toEqual(whole))
  })
})

describe('S9 no message of socks-proxy shows a login', () => {
  const withSecrets = SOCKS_ROWS.filter(({ login, fails }) => login?.includes(CANARY) && fails)

  test.each(named(withSecrets))('%s', (_, row) => {
    const told = JSON.stringify(essence(play(row, [bytesOf(squeezed(row.hop))])))
    expect(leaks(told, CANARY)).toBe(false)
  })

  it('whatever a proxy says that has heard it', () => {
    const row: SocksRow = { name: 'echo', login: `ann-${CANARY}\n${CANARY}`, hop: '' }
    for (let first = 0; first < 256; first++) {
      for (const head of [[], [5], [5, 2], [5, 2, 1, 0], [5, 2, 1, 0, 5], [5, 2, 1, 0, 5, 0, 0]]) {
        const { message = '' } = play(row, [Uint8Array.of(...head, first, ...utf8(CANARY))])
        expect(leaks(message, CANARY)).toBe(false)
      }
    }
  })
})

describe('R9 a negotiator of SOCKS', () => {
  it('begins anew on another connection', () => {
    const negotiator = negotiatorFor({ name: '', hop: '' }) as Negotiator
    negotiator.begin()
    negotiator.receive(Uint8Array.of(5))
    expect(converse(negotiator, [bytesOf('05000500000100000000000061')])).toMatchObject({
      state: 'done',
      carried: '61',
    })
  })

  it('is told nothing by nothing', () => {
    for (const version of ['4', '5'] as const) {
      const negotiator = negotiatorFor({ name: '', version, hop: '' }) as Negotiator
      negotiator.begin()
      expect(negotiator.receive(new Uint8Array(0))).toEqual({ state: 'waiting', send: undefined })
    }
  })

  it('never offers what it does not want: with a login one method, without it the other', () => {
    const offers = [undefined, 'ann\nword'].map((login) => {
      const negotiator = negotiatorFor({ name: '', hop: '', ...(login !== undefined && { login }) }) as Negotiator
      return converse(negotiator, []).sent
    })
    expect(offers).toEqual(['050100', '050102'])
  })

  it('S9 has the login of its own hop, whoever had one before', () => {
    const vault = new Vault()
    const login = vault.add(utf8(`ann-${CANARY}\n${CANARY}`))
    const said = [{ login }, {}, { login }].map((settings) => {
      const hop: HopConfig = { kind: 'socks-proxy', host: 'proxy.example', port: 1080, settings }
      const target = { host: 'vpn.example', port: 443 }
      const open = (handle: string) => vault.open(handle)
      const made = maker.negotiator({
        hop,
        target,
        transport: 'tcp',
        mayQuote: true,
        open,
        tools: NO_TOOLS,
      }) as Negotiator
      return converse(made, [bytesOf('05020100')]).sent
    })
    expect(said.map((hex) => hex.includes(hexOf(utf8(CANARY))))).toEqual([true, false, true])
  })

  it('does not go without a login that its vault does not have', () => {
    const target = { host: 'vpn.example', port: 443 }
    const open = () => undefined
    for (const login of ['key:7', ['key:1']]) {
      const hop: HopConfig = { kind: 'socks-proxy', host: '::1', port: 1080, settings: { login } }
      expect(maker.negotiator({ hop, target, transport: 'tcp', mayQuote: true, open, tools: NO_TOOLS })).toEqual({
        code: 'BAD_HOP',
        stage: 'negotiate',
        message: 'the SOCKS proxy [::1]:1080 cannot be asked: its login is not in the vault',
      })
    }
  })
})

describe('R9 a hop of socks-proxy is judged before anything is opened', () => {
  const WAY: Way = { transport: 'tcp', target: { host: 'vpn.example', port: 443 }, before: 0, behind: 0 }

  const judged = (settings: HopConfig['settings'], way: Partial<Way> = {}, host = 'proxy.example') =>
    maker
      .judge({ kind: 'socks-proxy', host, port: 1080, settings }, { ...WAY, ...way })
      .map(({ severity, message, setting }) => `${severity}${setting === undefined ? '' : ` ${setting}`}: ${message}`)

  const to = (host: string) => ({ target: { host, port: 443 } })

  it.each<[string, HopConfig['settings'], Partial<Way>]>([
    ['without settings', {}, {}],
    ['in version 5', { version: '5' }, {}],
    ['in version 4, to a name', { version: '4' }, {}],
    ['in version 4, to an IPv4 address', { version: '4' }, to('198.51.100.9')],
    ['in version 4 with a user, which is no secret', { version: '4', login: 'key:1' }, {}],
    ['in a chain', {}, { before: 1, behind: 1 }],
    ['to an IPv6 address', {}, to('2001:db8::1')],
    ['for datagrams', {}, { transport: 'udp' }],
    ['on the way to the hop that relays', {}, { transport: 'udp', behind: 1 }],
  ])('nothing is wrong with it %s', (_, settings, way) => {
    expect(judged(settings, way)).toEqual([])
  })

  it.each<[string, HopConfig['settings'], Partial<Way>, string]>([
    ['a setting that it does not have', { user: 'ann' }, {}, 'error user: there is no setting "user"'],
    ['a version that it does not have', { version: '4a' }, {}, 'error version: expected the version 4 or 5'],
    ['versions', { version: ['4', '5'] }, {}, 'error version: expected the version 4 or 5'],
    [
      'a login that is no handle',
      { version: '4', login: 'ann' },
      {},
      'error login: expected the handle of a login in a vault',
    ],
    ['logins', { version: '4', login: ['key:1'] }, {}, 'error login: expected the handle of a login in a vault'],
    ['datagrams over version 4', { version: '4' }, { transport: 'udp' }, 'error version: SOCKS4 carries no datagrams'],
    [
      'datagrams at the end of a chain',
      {},
      { transport: 'udp', before: 1 },
      'error: its relay for datagrams could not be reached through the hop before',
    ],
    [
      'IPv6 over version 4',
      { version: '4' },
      to('2001:db8::1'),
      'error: 2001:db8::1 cannot be reached through it: SOCKS4 knows no IPv6',
    ],
    [
      'a zone',
      {},
      to('fe80::1%eth0'),
      'error: fe80::1%eth0 cannot be reached through it: a zone (%interface) means nothing on another machine',
    ],
  ])('%s', (_, settings, way, message) => {
    expect(judged(settings, way)).toEqual([message])
  })

  it('warns of a login in clear text, but on this host', () => {
    const login = { login: 'key:1' }
    const warning = 'the user and the password go to HOST in clear text, for everybody on the way to read'
    for (const host of ['proxy.example', '198.51.100.1', '2001:db8::1', '::2', 'localhost.example'])
      expect(judged(login, {}, host)).toEqual([`warning login: ${warning.replace('HOST', host)}`])
    for (const host of ['localhost', 'LOCALHOST.', '127.0.0.1', '127.8.9.10', '::1', '0:0::1'])
      expect(judged(login, {}, host)).toEqual([])
    expect(judged(login, { before: 1 }, 'localhost')).toEqual([
      `warning login: ${warning.replace('HOST', 'localhost')}`,
    ])
  })
})
