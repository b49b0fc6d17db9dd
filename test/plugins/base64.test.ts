import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { base64, readBase64 } from '../../src/plugins/base64.ts'
import { utf8 } from '../../src/utf8.ts'

// RFC 4648, section 10.
test.each([
  ['', ''],
  ['f', 'Zg=='],
  ['fo', 'Zm8='],
  ['foo', 'Zm9v'],
  ['foob', 'Zm9vYg=='],
  ['fooba', 'Zm9vYmE='],
  ['foobar', 'Zm9vYmFy'],
])('"%s" is "%s"', (text, written) => {
  expect(base64(utf8(text))).toBe(written)
  expect(readBase64(written)).toEqual(utf8(text))
})

test('of any bytes what the platform says, and back', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
      expect(base64(bytes)).toBe(Buffer.from(bytes).toString('base64'))
      expect(readBase64(base64(bytes))).toEqual(bytes)
    }),
  )
})

test.each(['Z', 'Zg', 'Zg=', 'Z===', '====', 'Zm9v=', 'Zm 9', 'Zm9-', 'Zg==Zg==', '\nZm9v'])(
  '"%s" is no base64',
  (text) => {
    expect(readBase64(text)).toBeUndefined()
  },
)
