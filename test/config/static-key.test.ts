import { describe, expect, test } from 'vitest'
import { readStaticKey } from '../../src/config/static-key.ts'
import { fakeStaticKey } from './fake-static-key.ts'

const digits = Array.from({ length: 256 }, (_, i) => i.toString(16).padStart(2, '0')).join('')
const wrapped = (body: string) =>
  `-----BEGIN OpenVPN Static key V1-----\n${body}\n-----END OpenVPN Static key V1-----\n`

describe('a static key', () => {
  test('is 256 bytes, in order', () => {
    const rows = digits.match(/.{32}/g) ?? []
    const key = readStaticKey(`#\n# 2048 bit OpenVPN static key\n#\n${wrapped(rows.join('\n'))}`)
    expect(key.message).toBeUndefined()
    expect([...(key.value ?? [])]).toEqual(Array.from({ length: 256 }, (_, i) => i))
  })

  test('may be in capitals, with CRLF and blanks', () => {
    const key = readStaticKey(wrapped(`  ${digits.toUpperCase()} \r`).replaceAll('\n', '\r\n'))
    expect(key.value?.[255]).toBe(255)
  })

  test.each([
    ['is empty', '', 'a static key begins with'],
    ['is another kind', '-----BEGIN CERTIFICATE-----', 'a static key begins with'],
    ['has no end', fakeStaticKey(1).slice(0, 300), 'a static key ends with'],
    [
      'has its end before its beginning',
      fakeStaticKey(1).split('\n').toReversed().join('\n'),
      'a static key ends with',
    ],
    ['is short by one digit', wrapped(digits.slice(1)), 'this one has 511'],
    ['is long by two digits', wrapped(`${digits}00`), 'this one has 514'],
    ['has a letter that is no digit', wrapped(digits.replace('0', 'g')), 'hexadecimal digits'],
  ])('%s: a message that quotes nothing of it', (_, text, message) => {
    const key = readStaticKey(text)
    expect(key.value).toBeUndefined()
    expect(key.message).toContain(message)
    expect(JSON.stringify(key)).not.toMatch(/0102|0101/)
  })
})
