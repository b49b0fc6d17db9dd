import { expect, it } from 'vitest'
import { trimmed } from '../../src/plugins/octets.ts'

it.each([
  ['\t a b\t c \t', 'a b\t c'],
  ['a', 'a'],
  [' \t ', ''],
  ['', ''],
  ['\xa0a\xa0', '\xa0a\xa0'], // bytes of a letter in UTF-8, for all we know
])('blanks and tabs around a text are dropped, and nothing else: %j', (text, left) => {
  expect(trimmed(text)).toBe(left)
})

it('S7 a text is trimmed in time that grows with its length, whatever stands in it', () => {
  const blanks = ' '.repeat(100_000)
  const start = performance.now()
  expect(trimmed(`x${blanks}y${blanks}`)).toBe(`x${blanks}y`)
  expect(performance.now() - start).toBeLessThan(2000)
})
