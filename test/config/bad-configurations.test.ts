import { describe, expect, test } from 'vitest'
import type { Issue } from '../../src/config/issue.ts'
import { parseConfig } from '../../src/config/parse.ts'
import { BAD_CONFIGURATIONS } from './bad-configurations.ts'
import { fakeStaticKey } from './fake-static-key.ts'

const FILES = new Map([
  ['loop.conf', 'config loop.conf\n'],
  ['broken.conf', '# included\nport 0\n'],
])

const read = (path: string) => {
  const text = FILES.get(path)
  return text === undefined ? { problem: 'no such file' } : { file: path, text }
}

function shown({ file, line, column, length, severity, code, message, hint }: Issue): string {
  const inFile = file === 'client.ovpn' ? '' : `${file}:`
  const place = line > 0 ? `${inFile}${line}:${column}+${length}` : `${file} ${column}+${length}`
  return `${place} ${severity}[${code}] ${message}${hint === undefined ? '' : ` | ${hint}`}`
}

describe('a bad configuration', () => {
  test.each(BAD_CONFIGURATIONS)('$name', ({ text, options, issues }) => {
    const source = { file: 'client.ovpn', text: text.replace('@KEY@', fakeStaticKey(7)) }
    const parsed = parseConfig(source, { read, ...options })
    expect(parsed.issues.map(shown)).toEqual(issues)
    expect(parsed.config).toBeUndefined()
    for (const issue of parsed.issues) expect(Object.values(issue)).not.toContain(undefined)
  })

  test('there are at least 80, all different', () => {
    expect(
      new Set(BAD_CONFIGURATIONS.map(({ text, options }) => JSON.stringify([text, options]))).size,
    ).toBeGreaterThan(80)
  })
})
