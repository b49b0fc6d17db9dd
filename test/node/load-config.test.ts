import { spawn, spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { loadConfig, readTextFile } from '../../src/node/load-config.ts'
import { asClient } from '../config/as-client.ts'

const folder = mkdtempSync(join(tmpdir(), 'sockchart-'))
const path = (name: string) => join(folder, name)

const KEY = `-----BEGIN OpenVPN Static key V1-----\n${'0123456789abcdef'.repeat(32)}\n-----END OpenVPN Static key V1-----\n`

beforeAll(() => {
  mkdirSync(path('parts'))
  writeFileSync(path('client.ovpn'), 'client\nconfig parts/servers.conf\ntls-auth ta.key 1\n')
  writeFileSync(path('parts/servers.conf'), 'remote 192.0.2.1\nconfig more.conf\n')
  writeFileSync(path('parts/more.conf'), 'remote 192.0.2.2\n')
  writeFileSync(path('ta.key'), KEY, { mode: 0o600 })
  writeFileSync(path('bom.ovpn'), '\uFEFFclient\r\nremote 192.0.2.1\r\n')
  writeFileSync(path('large.ovpn'), '#'.repeat(1024 * 1024 + 1))
  writeFileSync(path('full.ovpn'), `client\nremote 192.0.2.1\n${'#\n'.repeat(1000)}`)
  symlinkSync('loop', path('loop'))
})
afterAll(() => rmSync(folder, { recursive: true }))

test('included files and keys are relative to the file that names them', () => {
  const { config, issues, vault } = loadConfig(path('client.ovpn'))
  const { remotes } = asClient(config)
  expect(issues).toEqual([])
  expect(remotes.map(({ host }) => host)).toEqual(['192.0.2.1', '192.0.2.2'])
  const confirm = remotes[0]?.confirm
  expect(confirm).toMatchObject({ kind: 'openvpn', wrap: { kind: 'tls-auth', direction: 1 } })
  const handle = confirm?.kind === 'openvpn' ? confirm.wrap?.key : undefined
  expect(vault.open(handle ?? '')).toHaveLength(256)
})

describe.skipIf(process.platform === 'win32')('S9 a file with a secret that others may open', () => {
  const WARNING = 'warning 10: others on this machine may open this file, which holds a secret | chmod 600 it'
  test.each([
    [0o600, []],
    [0o400, []],
    [0o640, [WARNING]],
    [0o604, [WARNING]],
    [0o620, [WARNING]],
    [0o602, ['error 10: cannot read this key file: everybody on this machine may change it; chmod 600 it']],
  ])('%o', (mode, told) => {
    writeFileSync(path('open.key'), KEY)
    chmodSync(path('open.key'), mode)
    writeFileSync(path('open.ovpn'), 'client\nremote 192.0.2.1\ntls-auth open.key 1\n')
    const { issues } = loadConfig(path('open.ovpn'))
    expect(
      issues.map(({ severity, column, message, hint }) => {
        return `${severity} ${column}: ${message}${hint === undefined ? '' : ` | ${hint}`}`
      }),
    ).toEqual(told)
  })
})

test('directives come after the file, or stand alone', () => {
  const options = { argv: ['--client', '--remote', '192.0.2.9', '443', '--proto', 'tcp'] }
  expect(asClient(loadConfig(undefined, options).config).remotes).toMatchObject([
    { host: '192.0.2.9', port: 443, proto: 'tcp' },
  ])
  const { config } = loadConfig(path('full.ovpn'), { argv: ['--proto', 'tcp'] })
  expect(asClient(config).remotes).toMatchObject([{ host: '192.0.2.1', proto: 'tcp' }])
})

test('a byte-order mark and CRLF are no part of the text', () => {
  expect(loadConfig(path('bom.ovpn')).issues).toEqual([])
})

test.each([
  ['missing.ovpn', 'there is no such file'],
  ['parts', 'it is a directory'],
  ['large.ovpn', 'it is larger than 1 MiB'],
  ['loop', 'its links lead in a circle'],
  ['ta.key/x', 'a part of its path is no directory'],
])('%s is refused: %s', (name, problem) => {
  expect(readTextFile(path(name))).toEqual({ problem })
  const { config, issues } = loadConfig(path(name))
  expect(config).toBeUndefined()
  expect(issues).toMatchObject([{ severity: 'error', code: 'source', message: `cannot read this file: ${problem}` }])
})

test.each([{}, { pipes: true }])('a device is refused, and is not read %j', (options) => {
  expect(readTextFile('/dev/zero', options)).toEqual({ problem: 'it is a device, not a file' })
})

test.each([
  ['a letter of Latin-1 in a comment', Buffer.from('client\n# caf\u00E9\nremote a\n', 'latin1'), 'byte 13, on line 2'],
  ['UTF-16', Buffer.from('\uFEFFclient\n', 'utf16le'), 'byte 1, on line 1'],
  ['a letter that is cut off', Buffer.from('client\n# \u00E9').subarray(0, -1), 'byte 10, on line 2'],
])('what is not UTF-8 is said to be so, with its place: %s', (_, bytes, place) => {
  writeFileSync(path('bytes.ovpn'), bytes)
  expect(readTextFile(path('bytes.ovpn'))).toEqual({ problem: `it is not UTF-8 text: ${place}; save it as UTF-8` })
})

test('U+FFFD itself is text', () => {
  writeFileSync(path('replacement.ovpn'), '# \uFFFD\n')
  expect(readTextFile(path('replacement.ovpn'))).toMatchObject({ text: '# \uFFFD\n' })
})

describe('a pipe', () => {
  const pipe = path('pipe')
  beforeEach(() => void spawnSync('mkfifo', [pipe]))
  afterEach(() => rmSync(pipe))

  test('is refused where only files are wanted, without waiting for a writer', () => {
    expect(readTextFile(pipe)).toEqual({ problem: 'it is a pipe, not a file' })
  })

  test('is read where it is allowed; what it names stands in the working folder', () => {
    const text = 'client\nremote 192.0.2.1\nconfig nowhere.conf\n'
    const writer = spawn('sh', ['-c', 'printf "$1" > "$2"', 'sh', text, pipe])
    const { issues } = loadConfig(pipe, { pipes: true })
    writer.kill()
    expect(issues).toMatchObject([{ file: pipe, line: 3, message: 'cannot read this file: there is no such file' }])
  })

  test('has a limit', () => {
    const writer = spawn('sh', ['-c', 'exec cat /dev/zero > "$1"', 'sh', pipe])
    expect(readTextFile(pipe, { pipes: true })).toEqual({ problem: 'it is larger than 1 MiB' })
    writer.kill()
  })
})
