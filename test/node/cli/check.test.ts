import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { sockchart } from '../../../src/node/cli/sockchart.ts'
import { type Bad, BAD_CONFIGURATIONS } from '../../config/bad-configurations.ts'
import { fakeStaticKey } from '../../config/fake-static-key.ts'
import { fakeIo } from './fake-io.ts'

const FOLDER = 'test/node/cli/configs'

/** Both outputs, with the folder's name taken out. */
async function output(argv: string[], columns?: number, env?: Record<string, string>) {
  const io = fakeIo(columns, env)
  const code = await sockchart(argv, io)
  return { code, text: (io.stdout.text + io.stderr.text).replaceAll(`${FOLDER}/`, ''), lines: () => io.stdout.lines }
}

describe.each([
  ['good', ['check', `${FOLDER}/good.ovpn`], 0],
  ['clean', ['check', `${FOLDER}/clean.ovpn`], 0],
  ['bad', ['check', `${FOLDER}/bad.ovpn`], 1],
  ['server', ['check', `${FOLDER}/server.ovpn`], 0],
  ['server-bad', ['check', `${FOLDER}/server-bad.ovpn`], 1],
  ['clash', ['check', ...'--mode server --proto tcp --local 192.0.2.1 443 --local * 443'.split(' ')], 1],
  ['verbose', ['check', '-v', `${FOLDER}/good.ovpn`], 0],
  ['arguments', ['check', '--client', '--proto', 'tpc', '--remote', 'host', '443'], 1],
  ['missing', ['check', `${FOLDER}/missing.ovpn`], 1],
  ['folder', ['check', FOLDER], 1],
])('check %s', (name, argv, code) => {
  test.each([
    [80, 'plain', { NO_COLOR: '1' }],
    [80, 'colour', {}],
    [200, 'plain', { NO_COLOR: '1' }],
  ] as const)('%d columns, %s', async (columns, how, env) => {
    const told = await output(argv, columns, env)
    expect(told.code).toBe(code)
    await expect(told.text).toMatchFileSnapshot(`golden/check-${name}-${columns}-${how}.txt`)
  })

  test('--json: the last line is the result', async () => {
    const told = await output([...argv, '--json'])
    expect(told.code).toBe(code)
    const lines = told.lines()
    const errors = lines.filter((line) => line['type'] === 'issue' && line['severity'] === 'error').length
    expect(lines.at(-1)).toMatchObject({ type: 'result', outcome: code === 0 ? 'ok' : 'failed', errors })
    expect(errors > 0).toBe(code === 1)
  })
})

describe('a bad configuration in a file is exit code 1, and the places are those of its text', () => {
  let folder = ''
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'sockchart-check-'))
    writeFileSync(join(folder, 'loop.conf'), 'config loop.conf\n')
    writeFileSync(join(folder, 'broken.conf'), '# included\nport 0\n')
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  function argvOf({ text, options = {} }: Bad): string[] {
    const file = join(folder, 'client.ovpn')
    writeFileSync(file, text.replace('@KEY@', fakeStaticKey(7)))
    const flags = [options.strict && '--strict', options.allowSocketPlugins && '--allow-socket-plugins']
    return ['check', '--json', ...flags.filter((flag) => typeof flag === 'string'), file, ...(options.argv ?? [])]
  }

  const PLACE = /(?:^|[ :])(?:(\d+):)?(\d+)\+(\d+) (error|warning|note)\[/
  const placeIn = (issue: string) => PLACE.exec(issue)?.slice(1).join(' ')

  test.each(BAD_CONFIGURATIONS)('$name', async (bad) => {
    const io = fakeIo()
    expect(await sockchart(argvOf(bad), io)).toBe(1)
    const told = io.stdout.lines
    const last = told.pop()
    expect(last).toMatchObject({ outcome: 'failed' })
    // What is no command line at all never becomes a configuration.
    if (last?.['failure']) expect(last['failure']).toMatchObject({ code: 'USAGE' })
    else {
      const places = told.map(({ line, column, length, severity }) =>
        [line === 0 ? '' : line, column, length, severity].join(' '),
      )
      expect(places).toEqual(bad.issues.map(placeIn))
    }
  })
})

test('R1 --strict makes an old spelling an error', async () => {
  const argv = ['check', '--client', '--proto', 'udp6', '--remote', 'host']
  expect((await output(argv)).code).toBe(0)
  expect((await output([...argv, '--strict'])).code).toBe(1)
})

test.each(['http-proxy-override', 'management-query-proxy'])('R9 %s is never ignored', async (name) => {
  const told = await output(['check', '--client', '--remote', 'host', `--${name}`])
  expect(told.code).toBe(1)
  expect(told.text).toContain(
    `error[refused]: "${name}" is not honoured: another program would choose the way\n` +
      `  --${name}\n  ^${'~'.repeat(name.length + 1)}\nhint: --allow-ignored ${name} reads on without it\n`,
  )
})

test.each(['--http-proxy-retry', '--http-proxy-timeout 5', '--socks-proxy-retry'])(
  'R9 %s alone is ignored, as in OpenVPN',
  async (line) => {
    const told = await output(['check', '-v', '--client', '--remote', 'host', ...line.split(' ')])
    expect(told.code).toBe(0)
    expect(told.text).toContain('(obsolete in OpenVPN, which ignores it too)')
  },
)

test('--allow-ignored reads on', async () => {
  const argv = ['check', '--client', '--remote', 'host', '--mark', '5']
  expect((await output(argv)).code).toBe(1)
  expect((await output([...argv, '--allow-ignored', 'mark'])).code).toBe(0)
})

test('what is wrong with the command line goes to standard error, with exit code 1', async () => {
  const io = fakeIo(80)
  expect(await sockchart(['chekc', '--jsno'], io)).toBe(1)
  expect(io.stdout.text).toBe('')
  await expect(io.stderr.text).toMatchFileSnapshot('golden/usage.txt')
})

test('a program is told, too', async () => {
  const io = fakeIo()
  expect(await sockchart(['run', '--json'], io)).toBe(1)
  expect(io.stdout.lines.at(-1)).toMatchObject({ outcome: 'failed', failure: { code: 'USAGE' } })
})

test.each([[[]], [['help']], [['run', '--help']]])('the help for %j fits 80 columns and 50 rows', async (argv) => {
  const { code, text } = await output(argv, 80)
  expect(code).toBe(0)
  expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80)
  await expect(text).toMatchFileSnapshot('golden/help.txt')
})

test('--version', async () => {
  expect((await output(['--version'])).text).toMatch(/^sockchart \d+\.\d+\.\d+\n$/)
})
