import { describe, expect, test } from 'vitest'
import type { Issue } from '../../src/config/issue.ts'
import { parseConfig } from '../../src/config/parse.ts'
import { type Bad, BAD_CONFIGURATIONS } from './bad-configurations.ts'
import { BAD_HOPS, BAD_PROXIES } from './bad-hops.ts'
import { BAD_PEERS } from './bad-peers.ts'
import { BAD_SERVERS } from './bad-servers.ts'
import { fakeStaticKey } from './fake-static-key.ts'

const FILES = new Map([
  ['loop.conf', 'config loop.conf\n'],
  ['broken.conf', '# included\nport 0\n'],
  ['local.conf', 'local 198.51.100.1\n'],
  ['half.txt', 'user\n'],
  ['login.txt', 'user\nhunter2\n'],
  ['locals.conf', '# two\nlocal ::1\nlocal ::1\n'],
])

const read = (path: string) => {
  const text = FILES.get(path)
  return text === undefined ? { problem: 'no such file' } : { file: path, text }
}

const shownIn =
  (main: string) =>
  ({ file, line, column, length, severity, code, message, hint }: Issue): string => {
    const inFile = file === main ? '' : `${file}:`
    const place = line > 0 ? `${inFile}${line}:${column}+${length}` : `${file} ${column}+${length}`
    return `${place} ${severity}[${code}] ${message}${hint === undefined ? '' : ` | ${hint}`}`
  }

function judge(file: string, { text, options, issues }: Bad): void {
  const parsed = parseConfig({ file, text: text.replace('@KEY@', fakeStaticKey(7)) }, { read, ...options })
  expect(parsed.issues.map(shownIn(file))).toEqual(issues)
  expect(parsed.config).toBeUndefined()
  for (const issue of parsed.issues) expect(Object.values(issue)).not.toContain(undefined)
}

const different = (bad: readonly Bad[]) => new Set(bad.map(({ text, options }) => JSON.stringify([text, options]))).size

describe('a bad configuration of a client', () => {
  test.each(BAD_CONFIGURATIONS)('$name', (bad) => judge('client.ovpn', bad))

  test('there are at least 80, all different', () => {
    expect(different(BAD_CONFIGURATIONS)).toBeGreaterThan(80)
  })
})

describe('R9 bad hops', () => {
  test.each([...BAD_HOPS, ...BAD_PROXIES])('$name', (bad) => judge('client.ovpn', bad))

  test('there are at least 35, all different', () => {
    expect(different([...BAD_HOPS, ...BAD_PROXIES])).toBe(BAD_HOPS.length + BAD_PROXIES.length)
    expect(BAD_HOPS.length).toBeGreaterThanOrEqual(35)
  })
})

describe('a bad configuration of a server', () => {
  test.each(BAD_SERVERS)('$name', (bad) => judge('server.conf', bad))

  test('there are at least 90, all different', () => {
    expect(different(BAD_SERVERS)).toBe(BAD_SERVERS.length)
    expect(BAD_SERVERS.length).toBeGreaterThan(90)
  })
})

describe('a bad configuration of a peer', () => {
  test.each(BAD_PEERS)('$name', (bad) => judge('peer.conf', bad))

  test('there are at least 60, all different', () => {
    expect(different(BAD_PEERS)).toBe(BAD_PEERS.length)
    expect(BAD_PEERS.length).toBeGreaterThanOrEqual(60)
  })
})
