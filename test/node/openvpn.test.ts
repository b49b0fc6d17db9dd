/** Real OpenVPN client configurations, run by the command line against real OpenVPN servers. */
import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ResultSchema, type ScenarioResult } from '../../src/sim/result.ts'
import { type Lab, noLabBecause, openLab } from './openvpn-server.ts'

const because = noLabBecause()
if (because !== undefined) console.warn(`SKIPPED, all tests with real OpenVPN servers: ${because}`)

const SOCKCHART = fileURLToPath(new URL('../../dist/src/node/cli/main.js', import.meta.url))

/** Port offset, what the server is told, and what the client then needs. */
const WAYS: readonly (readonly [string, number, string[], string[]])[] = [
  ['plain', 0, [], []],
  ['tls-auth with directions', 1, ['tls-auth ta.key 0'], ['tls-auth ta.key 1']],
  ['tls-auth without a direction, SHA512', 2, ['tls-auth ta.key', 'auth SHA512'], ['tls-auth ta.key', 'auth SHA512']],
  [
    'tls-auth the other way round, SHA256',
    3,
    ['tls-auth ta.key 1', 'auth SHA256'],
    ['tls-auth ta.key', 'key-direction 0', 'auth SHA256'],
  ],
  ['tls-crypt', 4, ['tls-crypt ta.key'], ['tls-crypt ta.key']],
]
const BASE = { udp: 1200, tcp: 1220 } as const
const CASES = (['udp', 'tcp'] as const).flatMap((proto) => WAYS.map((way) => [proto, ...way] as const))

const BLOCK = (key: string) => `-----BEGIN OpenVPN Static key V1-----\n${key}\n-----END OpenVPN Static key V1-----`
const otherKey = () =>
  BLOCK(
    randomBytes(256)
      .toString('hex')
      .replaceAll(/.{32}(?=.)/g, '$&\n'),
  )

describe.skipIf(because !== undefined)(`real OpenVPN${because === undefined ? '' : ` (skipped: ${because})`}`, () => {
  let lab: Lab
  let files = 0

  beforeAll(async () => {
    lab = await openLab()
    await Promise.all(
      CASES.map(([proto, , offset, directives]) => lab.serve({ proto, port: BASE[proto] + offset, directives })),
    )
  })
  afterAll(() => lab?.close())

  /** What `sockchart run --once --json` says in the end, and its exit code. */
  async function run(...lines: string[]): Promise<ScenarioResult & { code: number }> {
    const file = join(lab.folder, `client-${++files}.ovpn`)
    const common = ['client', 'dev tun', 'nobind', 'ca ca.crt', 'remote-cert-tls server', 'verb 3']
    writeFileSync(file, [...common, ...lines, ''].join('\n'))
    const { code, stdout, stderr } = await lab.run(process.execPath, [SOCKCHART, 'run', '--once', '--json', file])
    expect(stderr).toBe('')
    const last = stdout.trimEnd().split('\n').at(-1) ?? ''
    return { ...ResultSchema.parse(JSON.parse(last)), code }
  }
  const remote = (proto: 'udp' | 'tcp', offset: number) => [
    `remote 127.0.0.1 ${BASE[proto] + offset} ${proto}`,
    // Over TCP nothing is confirmed unless it is asked for: it uses the stream up.
    ...(proto === 'tcp' ? ['confirm openvpn'] : []),
  ]
  const ends = ({ ledger }: ScenarioResult) =>
    ledger.map(({ outcome, failure }) => (failure ? `${failure.code} at ${failure.stage}` : outcome))

  it.each(CASES)('R4 %s, %s: the server confirms', async (proto, _name, offset, _directives, lines) => {
    const result = await run(...remote(proto, offset), ...lines)
    expect(result).toMatchObject({ code: 0, outcome: 'connected', winner: { attempt: 1 } })
    expect(result.ledger[0]?.stages.confirmed).toBeTypeOf('number')
  })

  it.each([
    ['tls-auth', 1, ['key-direction 1']],
    ['tls-crypt', 4, []],
  ] as const)('tcp, %s with another key: the server hangs up', async (kind, offset, lines) => {
    const key = `<${kind}>\n${otherKey()}\n</${kind}>`
    const result = await run(...remote('tcp', offset), 'connect-timeout 5', ...lines, key)
    expect(result.code).toBe(2)
    expect(ends(result)).toEqual([expect.stringMatching(/^(CLOSED_BY_PEER|ECONNRESET) at confirm$/)])
  })

  it('udp, tls-auth with another key: the server keeps silent, until the deadline', async () => {
    const key = `<tls-auth>\n${otherKey()}\n</tls-auth>`
    const result = await run(...remote('udp', 1), 'connect-timeout 1', 'key-direction 1', key)
    expect(result.code).toBe(2)
    expect(ends(result)).toEqual(['TIMEOUT at confirm'])
    expect(result.atMs).toBeGreaterThanOrEqual(1000)
  })

  it.each(['udp', 'tcp'] as const)(
    'R3 R4 %s: with the first server stopped, the second one is found',
    async (proto) => {
      const port = BASE[proto] + 8
      const first = await lab.serve({ proto, port, directives: ['tls-crypt ta.key'] })
      const lines = [`remote 127.0.0.1 ${port} ${proto}`, ...remote(proto, 4), 'tls-crypt ta.key']
      expect(await run(...lines)).toMatchObject({ code: 0, winner: { attempt: 1, remote: { index: 0 } } })
      await first.stop()
      const after = await run(...lines)
      expect(after).toMatchObject({ code: 0, winner: { attempt: 2, remote: { index: 1 } } })
      expect(ends(after)).toEqual([`ECONNREFUSED at ${proto === 'udp' ? 'confirm' : 'connect'}`, 'won'])
    },
  )
})
