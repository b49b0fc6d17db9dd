import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { printable } from '../src/printable.ts'

test('what could write on a terminal, break a line or turn it around is escaped', () => {
  expect(printable('vpn.example')).toBe('vpn.example')
  expect(printable('a\u001b[2Jb\r\n\0')).toBe(String.raw`a\u001b[2Jb\u000d\u000a\u0000`)
  expect(printable('\u007f\u009b\u061c\u200e\u202e\u2066\u2028')).toBe(
    String.raw`\u007f\u009b\u061c\u200e\u202e\u2066\u2028`,
  )
  expect(printable('bücher 漢字')).toBe('bücher 漢字')
})

test('256 characters at most', () => {
  expect(printable('a'.repeat(256))).toBe('a'.repeat(256))
  expect(printable('a'.repeat(257))).toBe(`${'a'.repeat(255)}…`)
})

test('of whatever text, one line without control characters', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 400 }), (text) => {
      const shown = printable(text)
      expect(shown).not.toMatch(/[\p{Cc}\p{Bidi_Control}\p{Zl}\p{Zp}]/u)
      expect(shown.length).toBeLessThanOrEqual(256 * 6)
      expect(printable(shown.slice(0, 256))).toBe(shown.slice(0, 256))
    }),
    { numRuns: 1000 },
  )
})
