/** The hard-reset exchange against real OpenVPN servers. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ConfigInput } from '../../src/config/schema.ts'
import type { Note } from '../../src/ledger.ts'
import { type Lab, noLabBecause, openLab } from './openvpn-server.ts'

const because = noLabBecause()
if (because !== undefined) console.warn(`SKIPPED, all tests with real OpenVPN servers: ${because}`)

const DIAL = fileURLToPath(new URL('dial-once.js', import.meta.url))
type Remote = ConfigInput['remotes'][number]
type Wrap = NonNullable<Extract<Remote['confirm'], { kind: 'openvpn' }>['wrap']>

/** Port offset, what the server is told, and what the client then needs. */
const WAYS: readonly [string, number, string[], Wrap | undefined][] = [
  ['plain', 0, [], undefined],
  [
    'tls-auth with directions',
    1,
    ['tls-auth ta.key 0'],
    { kind: 'tls-auth', key: 'key:1', direction: 1, auth: 'SHA1' },
  ],
  [
    'tls-auth without a direction, SHA512',
    2,
    ['tls-auth ta.key', 'auth SHA512'],
    { kind: 'tls-auth', key: 'key:1', auth: 'SHA512' },
  ],
  [
    'tls-auth the other way round, SHA256',
    3,
    ['tls-auth ta.key 1', 'auth SHA256'],
    { kind: 'tls-auth', key: 'key:1', direction: 0, auth: 'SHA256' },
  ],
  ['tls-crypt', 4, ['tls-crypt ta.key'], { kind: 'tls-crypt', key: 'key:1' }],
]
const BASE = { udp: 1200, tcp: 1220 } as const
const CASES = (['udp', 'tcp'] as const).flatMap((proto) => WAYS.map((way) => [proto, ...way] as const))

describe.skipIf(because !== undefined)(`real OpenVPN${because === undefined ? '' : ` (skipped: ${because})`}`, () => {
  let lab: Lab
  let key: string

  beforeAll(async () => {
    lab = await openLab()
    key = readFileSync(join(lab.folder, 'ta.key'), 'latin1').replaceAll(/#.*|-----.*|\s/g, '')
    await Promise.all(
      CASES.map(([proto, , offset, directives]) => lab.serve({ proto, port: BASE[proto] + offset, directives })),
    )
  })
  afterAll(() => lab?.close())

  const dial = async (remotes: Remote[], keys = [key]): Promise<Note[]> => {
    const { stdout, stderr } = await lab.run(process.execPath, [DIAL, JSON.stringify({ config: { remotes }, keys })])
    expect(stderr).toBe('')
    return stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Note)
  }
  const remote = (proto: 'udp' | 'tcp', offset: number, wrap?: Wrap): Remote => ({
    host: '127.0.0.1',
    port: BASE[proto] + offset,
    proto,
    connectTimeout: 3000,
    confirm: { kind: 'openvpn', ...(wrap && { wrap }) },
  })
  const failures = (notes: Note[]) =>
    notes.flatMap((note) => (note.type === 'attempt.failed' ? [`${note.failure.code} at ${note.failure.stage}`] : []))

  it('makes a key of 256 bytes', () => {
    expect(key).toMatch(/^[\da-f]{512}$/)
  })

  it.each(CASES)('R4 %s, %s: the server confirms', async (proto, _name, offset, _directives, wrap) => {
    const notes = await dial([remote(proto, offset, wrap)])
    expect(notes.find((note) => note.type === 'attempt.confirmed')).toMatchObject({ attempt: 1, sent: 1, received: 1 })
    expect(notes.find((note) => note.type === 'attempt.won')).toMatchObject({ attempt: 1, confirmed: true })
  })

  it.each(['tls-auth', 'tls-crypt'] as const)('tcp, %s with another key: the server hangs up', async (kind) => {
    const [, , , , wrap] = CASES.find(([proto, , , , wrap]) => proto === 'tcp' && wrap?.kind === kind) ?? []
    const offset = kind === 'tls-auth' ? 1 : 4
    const notes = await dial([remote('tcp', offset, wrap)], ['5a'.repeat(256)])
    expect(failures(notes)).toEqual([expect.stringMatching(/^(CLOSED_BY_PEER|ECONNRESET) at confirm$/)])
  })

  it('udp, tls-auth with another key: the server keeps silent, until the deadline', async () => {
    const silent = { ...remote('udp', 1, WAYS[1]?.[3]), connectTimeout: 1500 }
    const notes = await dial([silent], ['5a'.repeat(256)])
    expect(failures(notes)).toEqual(['TIMEOUT at confirm'])
    expect(notes.at(-1)?.at).toBeGreaterThanOrEqual(1500)
  })

  it('R3 R4 with the first server stopped, the client goes on to the second', async () => {
    const first = await lab.serve({ proto: 'udp', port: 1240 })
    const remotes = [{ ...remote('udp', 0), port: 1240 }, remote('tcp', 0)]
    const before = await dial(remotes)
    expect(before.find((note) => note.type === 'attempt.won')).toMatchObject({ attempt: 1 })
    await first.stop()
    const after = await dial(remotes)
    expect(failures(after)).toEqual(['ECONNREFUSED at confirm'])
    expect(after.find((note) => note.type === 'attempt.won')).toMatchObject({ attempt: 2, confirmed: true })
  })
})
