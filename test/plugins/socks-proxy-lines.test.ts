import { assert, constantFrom, integer, option, property, record } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { loginOf } from '../../src/plugins/login.ts'
import type { HopLines } from '../../src/plugins/plugin.ts'
import { socksProxy } from '../../src/plugins/socks-proxy.ts'
import { fakeDesk, hopLines } from './hop-desk.ts'

const { read, print } = socksProxy.hopLines as HopLines

const FILES = {
  auth: 'ann\nsecret\n',
  dos: 'ann\r\nsecret\r\n',
  user: 'ann\n\n',
  one: 'ann-s3cr3t',
  three: 'ann\ns3cr3t\nmore\n',
  long: `ann\n${'p'.repeat(256)}\n`,
}

function readText(text: string, handles?: readonly string[]) {
  const [line, ...options] = hopLines(text)
  if (!line) throw new Error('no line')
  const desk = fakeDesk(FILES, [line, ...options], handles)
  const hop = read(line, options, desk)
  return { hop, told: desk.told, vault: desk.vault }
}

const hop = (host: string, port = 1080, settings: Record<string, string> = {}) => ({
  kind: 'socks-proxy',
  host,
  port,
  settings,
})

describe('R9 lines of socks-proxy', () => {
  it.each([
    ['socks-proxy proxy.example', hop('proxy.example')],
    ['socks-proxy proxy.example 9050', hop('proxy.example', 9050)],
    ['socks-proxy 2001:db8::1', hop('2001:db8::1')],
    ['socks-proxy [2001:db8::1] 9050', hop('2001:db8::1', 9050)],
    ['socks-proxy ::ffff:198.51.100.1', hop('198.51.100.1')],
    ['socks-proxy a.example\nsocks-proxy-option VERSION 5', hop('a.example', 1080, { version: '5' })],
    ['socks-proxy a.example\nsocks-proxy-option VERSION 4', hop('a.example', 1080, { version: '4' })],
    ['socks-proxy a.example\nsocks-proxy-option VERSION 4a', hop('a.example', 1080, { version: '4' })],
  ])('%j', (text, wanted) => {
    expect(readText(text)).toMatchObject({ hop: wanted, told: [] })
  })

  it.each([
    ['a file behind the port', 'socks-proxy a.example 1080 auth'],
    ['a file with the line ends of Windows', 'socks-proxy a.example 1080 dos'],
    ['a file of its own line', 'socks-proxy a.example\nsocks-proxy-user-pass auth'],
    ['a block', 'socks-proxy a.example\n<socks-proxy-user-pass>\nann\nsecret\n</socks-proxy-user-pass>'],
  ])('a login is in %s', (_, text) => {
    const { hop, told, vault } = readText(text)
    expect(told).toEqual([])
    expect(hop?.settings).toEqual({ login: 'key:1' })
    expect(loginOf(vault.open('key:1') as Uint8Array)).toEqual({ user: 'ann', password: 'secret' })
  })

  it('a user without a password is a login of SOCKS4', () => {
    const { hop, told } = readText('socks-proxy a.example 1080 user\nsocks-proxy-option VERSION 4')
    expect([hop?.settings, told]).toEqual([{ version: '4', login: 'key:1' }, []])
  })

  const TWO_LINES = 'a login is a user and a password on two lines (nothing else stands there)'
  const WRITE = 'write the user and the password on two lines of a file, and name the file here; or make them a block'

  it.each([
    ['socks-proxy 127.1', 'error 1:13: numbers alone are no host name'],
    ['socks-proxy socks5://a.example:1080', 'error 1:13: this is no IPv6 address'],
    ['socks-proxy a.example 0', 'error 1:23: a port is a number from 1 to 65535'],
    ['socks-proxy a.example 65536', 'error 1:23: a port is a number from 1 to 65535'],
    ['socks-proxy a.example 1080 nowhere', 'error 1:28: cannot read nowhere'],
    ['socks-proxy a.example 1080 stdin', `error 1:28: nobody is asked for a login here (${WRITE})`],
    ['socks-proxy a.example 1080 one', `error 1:28: ${TWO_LINES}`],
    ['socks-proxy a.example 1080 three', `error 1:28: ${TWO_LINES}`],
    ['socks-proxy a.example 1080 long', 'error 1:28: the password has more than 255 bytes'],
    ['socks-proxy a.example 1080 user', 'error 1:28: the password is empty'],
    ['socks-proxy a.example\nsocks-proxy-user-pass stdin', `error 2:23: nobody is asked for a login here (${WRITE})`],
    ['socks-proxy a.example\nsocks-proxy-user-pass [inline]', `error 2:23: the login itself is not here (${WRITE})`],
    ['socks-proxy a.example\n<socks-proxy-user-pass>\nann\n</socks-proxy-user-pass>', `error 2:1: ${TWO_LINES}`],
    ['socks-proxy a.example\nsocks-proxy-option VERSION 6', 'error 2:28: expected 4, 4a or 5'],
    ['socks-proxy a.example\nsocks-proxy-option AGENT x', 'error 2:20: expected VERSION'],
    ['socks-proxy a.example 1080 auth\nsocks-proxy-option VERSION 4', 'error 1:28: SOCKS4 has no passwords'],
  ])('%j is wrong', (text, message) => {
    const { hop, told } = readText(text)
    expect(hop).toBeUndefined()
    expect(told).toEqual([expect.stringContaining(message)])
    expect(told.join()).not.toMatch(/s3cr3t|ppp/)
  })

  it('all that is wrong is said at once', () => {
    const { told } = readText('socks-proxy 127.1 0 stdin')
    expect(told.map((line) => line.slice(0, 10))).toEqual(['error 1:13', 'error 1:19', 'error 1:21'])
  })

  it('a login is not judged for a version that is none', () => {
    const { told } = readText('socks-proxy a.example 1080 user\nsocks-proxy-option VERSION 6')
    expect(told).toEqual(['error 2:28: expected 4, 4a or 5'])
  })

  it('of what is written twice the last one counts, with a note', () => {
    const twice = 'socks-proxy a.example\nsocks-proxy-option VERSION 4\nsocks-proxy-option VERSION 5'
    const note = 'note 2:1: "socks-proxy-option" is written again for this hop; the last one counts'
    expect(readText(twice)).toMatchObject({ hop: hop('a.example', 1080, { version: '5' }), told: [note] })
    expect(readText('socks-proxy a.example 1080 one\nsocks-proxy-user-pass auth')).toMatchObject({
      hop: hop('a.example', 1080, { login: 'key:1' }),
      told: ['note 1:28: the login is written again for this hop; the last one counts'],
    })
  })

  it('printed and read again, a hop is the same', () => {
    const hops = record({
      kind: constantFrom('socks-proxy'),
      host: constantFrom('proxy.example', '198.51.100.1', '2001:db8::1', 'fe80::1%eth0', 'localhost'),
      port: integer({ min: 1, max: 65_535 }),
      version: option(constantFrom('4', '5'), { nil: undefined }),
      login: option(constantFrom('key:1', 'key:27'), { nil: undefined }),
    })
    assert(
      property(hops, ({ version, login, ...place }) => {
        const hop = { ...place, settings: { ...(version && { version }), ...(login && { login }) } }
        const { lines, handles } = print(hop)
        expect(readText(lines.join('\n'), handles)).toMatchObject({ hop, told: [] })
        expect(print(readText(lines.join('\n'), handles).hop ?? hop)).toEqual({ lines, handles })
      }),
    )
  })

  it('a handle is never printed', () => {
    expect(print(hop('a.example', 1080, { login: 'key:3' }))).toEqual({
      lines: ['socks-proxy a.example 1080', 'socks-proxy-user-pass [[INLINE]]'],
      handles: ['key:3'],
    })
  })
})
