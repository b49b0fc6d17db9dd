import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { loadConfig, readTextFile } from '../../src/node/load-config.ts'

const folder = mkdtempSync(join(tmpdir(), 'sockchart-'))
const path = (name: string) => join(folder, name)

const KEY = `-----BEGIN OpenVPN Static key V1-----\n${'0123456789abcdef'.repeat(32)}\n-----END OpenVPN Static key V1-----\n`

beforeAll(() => {
  mkdirSync(path('parts'))
  writeFileSync(path('client.ovpn'), 'client\nconfig parts/servers.conf\ntls-auth ta.key 1\n')
  writeFileSync(path('parts/servers.conf'), 'remote 192.0.2.1\nconfig more.conf\n')
  writeFileSync(path('parts/more.conf'), 'remote 192.0.2.2\n')
  writeFileSync(path('ta.key'), KEY)
  writeFileSync(path('bom.ovpn'), '\uFEFFclient\r\nremote 192.0.2.1\r\n')
  writeFileSync(path('large.ovpn'), '#'.repeat(1024 * 1024 + 1))
  writeFileSync(path('full.ovpn'), `client\nremote 192.0.2.1\n${'#\n'.repeat(1000)}`)
  symlinkSync('loop', path('loop'))
})
afterAll(() => rmSync(folder, { recursive: true }))

test('included files and keys are relative to the file that names them', () => {
  const { config, issues, vault } = loadConfig(path('client.ovpn'))
  expect(issues).toEqual([])
  expect(config?.remotes.map(({ host }) => host)).toEqual(['192.0.2.1', '192.0.2.2'])
  const confirm = config?.remotes[0]?.confirm
  expect(confirm).toMatchObject({ kind: 'openvpn', wrap: { kind: 'tls-auth', direction: 1 } })
  const handle = confirm?.kind === 'openvpn' ? confirm.wrap?.key : undefined
  expect(vault.open(handle ?? '')).toHaveLength(256)
})

test('directives come after the file, or stand alone', () => {
  const options = { argv: ['--client', '--remote', '192.0.2.9', '443', '--proto', 'tcp'] }
  expect(loadConfig(undefined, options).config?.remotes).toMatchObject([{ host: '192.0.2.9', port: 443, proto: 'tcp' }])
  const { config } = loadConfig(path('full.ovpn'), { argv: ['--proto', 'tcp'] })
  expect(config?.remotes).toMatchObject([{ host: '192.0.2.1', proto: 'tcp' }])
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

test('a device is refused, and is not read', () => {
  expect(readTextFile('/dev/zero')).toEqual({ problem: 'it is a pipe or a device, not a file' })
})
