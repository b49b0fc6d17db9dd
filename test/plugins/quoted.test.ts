import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { quoted } from '../../src/plugins/quoted.ts'
import { utf8 } from '../../src/utf8.ts'

test('bytes of a hop are quoted as ASCII', () => {
  expect(quoted(utf8('HTTP/1.0 403 No\r\n'))).toBe(String.raw`"HTTP/1.0 403 No\r\n"`)
  expect(quoted(Uint8Array.of(0, 0x1b, 0x22, 0x5c, 0x7f, 0xff))).toBe(String.raw`"\x00\x1b\"\\\x7f\xff"`)
  expect(quoted(new Uint8Array(0))).toBe('""')
})

test('64 of them at most', () => {
  expect(quoted(utf8('a'.repeat(64)))).toBe(`"${'a'.repeat(64)}"`)
  expect(quoted(utf8('a'.repeat(65)))).toBe(`"${'a'.repeat(64)}…"`)
})

test('whatever the bytes: one line, nothing that moves a cursor', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      expect(quoted(bytes)).toMatch(/^"[ -~]*…?"$/)
      expect(quoted(bytes).length).toBeLessThanOrEqual(64 * 4 + 3)
    }),
  )
})
