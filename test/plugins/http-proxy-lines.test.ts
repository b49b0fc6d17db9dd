import * as fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import type { HopConfig } from '../../src/config/schema.ts'
import { httpProxy } from '../../src/plugins/http-proxy.ts'
import type { HopLines, HopOption } from '../../src/plugins/plugin.ts'
import { utf8 } from '../../src/utf8.ts'
import { leaks } from './canary.ts'
import { fakeDesk, hopLines } from './hop-desk.ts'

const { read, print } = httpProxy.hopLines as HopLines

const CANARY = 'c4n4ry-51e0b7'
const FILES: Readonly<Record<string, string>> = {
  'login.txt': `ann\n${CANARY}\n`,
  'colon.txt': `a:b\n${CANARY}`,
  'user.txt': `${CANARY}\n`,
  'no-password.txt': 'ann\n\n',
  'empty.txt': '',
}

/** The text of one hop: the line that makes it, and its options. */
function hear(text: string, handles?: readonly string[]) {
  const [line, ...options] = hopLines(text) as [HopOption, ...HopOption[]]
  const desk = fakeDesk(FILES, [line, ...options], handles)
  return { hop: read(line, options, desk), told: desk.told, vault: desk.vault }
}

const settingsOf = (text: string) => {
  const { hop, told } = hear(text)
  expect(told).toEqual([])
  return hop?.settings
}

describe('R9 lines of http-proxy', () => {
  test('host and port', () => {
    expect(hear('http-proxy proxy.example 3128').hop).toEqual({
      kind: 'http-proxy',
      host: 'proxy.example',
      port: 3128,
      settings: {},
    })
    expect(hear('http-proxy [2001:db8::1] 3128').hop?.host).toBe('2001:db8::1')
    expect(hear('http-proxy ::ffff:198.51.100.1 3128').hop?.host).toBe('198.51.100.1')
  })

  it.each<[string, string, HopConfig['settings']]>([
    ['a login from a file', 'login.txt', { login: 'key:1' }],
    ['a login with an empty password', 'no-password.txt', { login: 'key:1' }],
    ['a login and a method', 'login.txt basic', { login: 'key:1', auth: 'basic' }],
    ['a login and auto', 'login.txt auto', { login: 'key:1', auth: 'auto' }],
    ['a login and auto-nct', 'login.txt auto-nct', { login: 'key:1', auth: 'auto-nct' }],
    ['both words for NTLM mean the second version', 'login.txt ntlm2', { login: 'key:1', auth: 'ntlm' }],
    ['auto', 'auto', { auth: 'auto' }],
    ['auto-nct', 'auto-nct', { auth: 'auto-nct' }],
    ['auto-nct with a method', 'auto-nct digest', { auth: 'digest' }],
    ['auto with a method', 'auto none', { auth: 'none' }],
    ['a version', '\nhttp-proxy-option VERSION 1.0', { version: '1.0' }],
    ['an agent', '\nhttp-proxy-option AGENT "My Agent/1"', { agent: 'My Agent/1' }],
    ['a login of a line of its own', 'auto digest\nhttp-proxy-user-pass login.txt', { auth: 'digest', login: 'key:1' }],
    [
      'headers, in their order',
      '\nhttp-proxy-option CUSTOM-HEADER X-A a\nhttp-proxy-option EXT1 "X-B: b"\nhttp-proxy-option EXT2 X-C:',
      { headers: ['key:1', 'key:2', 'key:3'] },
    ],
  ])('%s', (_, rest, settings) => {
    expect(settingsOf(`http-proxy p 3128 ${rest}`)).toEqual(settings)
  })

  test('a login as a block', () => {
    const text = `http-proxy p 3128 auto-nct\n<http-proxy-user-pass>\nann\n${CANARY}\n</http-proxy-user-pass>`
    const { hop, vault, told } = hear(text)
    expect(told).toEqual([])
    expect(hop?.settings).toEqual({ auth: 'auto-nct', login: 'key:1' })
    expect(vault.open('key:1')).toEqual(utf8(`ann\n${CANARY}`))
  })

  test('a header is one line of bytes in the vault', () => {
    const { vault } = hear(`http-proxy p 3128\nhttp-proxy-option CUSTOM-HEADER X-Ä é\nhttp-proxy-option EXT1 X "é"`)
    expect(vault.open('key:1')).toEqual(utf8('X: é'))
  })

  test('a header in one word or two, with a colon or without', () => {
    const forms = ['X a', 'X: a', '"X: a"'].map((form) => `http-proxy-option CUSTOM-HEADER ${form}`)
    const { vault } = hear(`http-proxy p 3128\n${forms.join('\n')}`)
    expect(['key:1', 'key:2', 'key:3'].map((handle) => vault.open(handle))).toEqual(Array(3).fill(utf8('X: a')))
  })

  test('of what is written twice the last counts, with a note', () => {
    const { hop, told } = hear(
      [
        'http-proxy p 3128 login.txt',
        'http-proxy-option VERSION 1.0',
        'http-proxy-option VERSION 1.1',
        'http-proxy-user-pass login.txt',
      ].join('\n'),
    )
    expect(hop?.settings).toEqual({ version: '1.1', login: 'key:1' })
    expect(told).toEqual([
      'note 1:19: the login is written again for this hop; the last one counts',
      'note 2:27: the version is written again for this hop; the last one counts',
    ])
  })

  const ONE = 'http-proxy p 3128'
  it.each<[string, string, string]>([
    ['a bad host', 'http-proxy p..q 3128', '1:12 a name has no empty label'],
    ['a URL', 'http-proxy http://p:3128 3128', '1:12 this is no IPv6 address, and a name has no colon (write the host'],
    ['a bad port', 'http-proxy p 99999', '1:14 a port is a number from 1 to 65535'],
    ['a file that is not there', `${ONE} none.txt`, '1:19 cannot read none.txt'],
    ['stdin', `${ONE} stdin`, '1:19 nobody is asked for a login here (write the user'],
    ['a file without a password', `${ONE} user.txt`, '1:19 the second line is missing, which is the password'],
    ['an empty file', `${ONE} empty.txt`, '1:19 a login is a user and a password on two lines'],
    ['a user with a colon, for basic', `${ONE} colon.txt basic`, '1:19 a user with a colon cannot log in by basic'],
    ['a login that is not here', `${ONE} [[INLINE]]`, '1:19 the login itself is not here'],
    ['a method where the file belongs', `${ONE} basic`, '1:19 the file with the login stands before the method (write'],
    [
      'a method that there is not',
      `${ONE} login.txt ntlm3`,
      '1:29 expected none, basic, digest, ntlm, ntlm2, auto or auto-nct (did',
    ],
    ['auto-nct and basic', `${ONE} auto-nct basic`, '1:28 "auto-nct" rules out basic'],
    [
      'an option that there is not',
      `${ONE}\nhttp-proxy-option AGNT x`,
      '2:19 expected VERSION, AGENT, CUSTOM-HEADER, ',
    ],
    ['a version that there is not', `${ONE}\nhttp-proxy-option VERSION 2`, '2:27 expected 1.1 or 1.0'],
    ['an agent of several words', `${ONE}\nhttp-proxy-option AGENT a b`, '2:27 this is one value too many (put quotes'],
    ['an empty agent', `${ONE}\nhttp-proxy-option AGENT ""`, '2:25 an agent has 1 to 256 characters'],
    ['a header without a colon', `${ONE}\nhttp-proxy-option EXT1 nonsense`, '2:24 a header is a name, a colon, and a'],
    ['a header of a body', `${ONE}\nhttp-proxy-option EXT1 Content-Length 5`, '2:24 this request has no body'],
    ['a header that is not here', `${ONE}\nhttp-proxy-option EXT1 [[INLINE]]`, '2:24 the header itself is not here'],
    [
      'a login as a header beside another one',
      `${ONE} login.txt\nhttp-proxy-option CUSTOM-HEADER proxy-authorization "Basic ${CANARY}"`,
      '2:33 there is a login already, and only one can be given',
    ],
    [
      'an eleventh header',
      `${ONE}${'\nhttp-proxy-option EXT1 X: a'.repeat(11)}`.replaceAll('X: a', '"X: a"'),
      '12:24 there are at most 10 headers',
    ],
  ])('%s', (_, text, problem) => {
    const { hop, told } = hear(text)
    expect(hop).toBeUndefined()
    expect(told).toHaveLength(1)
    expect(told[0]).toContain(`error ${problem.replace(' ', ': ')}`)
  })

  it('S9 quotes nothing that may be a secret', () => {
    for (const text of [
      `${ONE} login.txt ${CANARY}`,
      `${ONE}\nhttp-proxy-option ${CANARY} x`,
      `${ONE}\nhttp-proxy-option VERSION ${CANARY}`,
      `${ONE}\nhttp-proxy-option EXT1 ${CANARY}`,
      `${ONE}\nhttp-proxy-option CUSTOM-HEADER ${CANARY} ${CANARY} `,
      `${ONE}\n<http-proxy-user-pass>\n${CANARY}\n</http-proxy-user-pass>`,
      `${ONE} user.txt`,
    ]) {
      const { told, hop } = hear(text)
      expect(leaks(JSON.stringify([told, hop]), CANARY)).toBe(false)
    }
  })
})

describe('X2 a hop of http-proxy that was printed reads as the same', () => {
  const agent = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 60 }).filter((text) => {
    return text.trim() !== '' && !/\p{Cc}|[\u2028\u2029\u0085\u00a0\ufeff]/u.test(text)
  })
  const handle = fc.integer({ min: 1, max: 99 }).map((n) => `key:${n}`)
  const settings = fc.record(
    {
      login: handle,
      auth: fc.constantFrom('none', 'basic', 'digest', 'ntlm', 'auto', 'auto-nct'),
      version: fc.constantFrom('1.0', '1.1'),
      agent,
      headers: fc.array(handle, { minLength: 1, maxLength: 10 }),
    },
    { requiredKeys: [] },
  )
  const host = fc.constantFrom('proxy.example', '198.51.100.1', '2001:db8::1', 'fe80::1%eth0')

  test('whatever its settings', () => {
    fc.assert(
      fc.property(host, fc.integer({ min: 1, max: 65_535 }), settings, (host, port, settings) => {
        const hop: HopConfig = { kind: 'http-proxy', host, port, settings: { ...settings } }
        const printed = print(hop)
        const text = printed.lines.join('\n')
        expect(text.match(/\[\[INLINE\]\]/g) ?? []).toHaveLength(printed.handles.length)
        const again = hear(text, printed.handles)
        expect(again.told).toEqual([])
        expect(again.hop).toEqual(hop)
        expect(print(again.hop as HopConfig)).toEqual(printed)
      }),
      { numRuns: 500 },
    )
  })

  test('for a person to read', () => {
    const settings = { login: 'key:1', auth: 'basic', version: '1.0', agent: 'My Agent', headers: ['key:2'] }
    expect(print({ kind: 'http-proxy', host: '::1', port: 3128, settings })).toEqual({
      lines: [
        'http-proxy ::1 3128 [[INLINE]] basic',
        'http-proxy-option VERSION 1.0',
        "http-proxy-option AGENT 'My Agent'",
        'http-proxy-option CUSTOM-HEADER [[INLINE]]',
      ],
      handles: ['key:1', 'key:2'],
    })
  })
})
