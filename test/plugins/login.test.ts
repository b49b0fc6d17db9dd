import { describe, expect, test } from 'vitest'
import { loginOf } from '../../src/plugins/login.ts'
import { utf8 } from '../../src/utf8.ts'

const READ: readonly (readonly [what: string, secret: string, user: string, password: string])[] = [
  ['two lines', 'ann\nsecret', 'ann', 'secret'],
  ['a last line end', 'ann\nsecret\n', 'ann', 'secret'],
  ['lines of Windows', 'ann\r\nsecret\r\n', 'ann', 'secret'],
  ['a byte-order mark', '\uFEFFann\nsecret', 'ann', 'secret'],
  ['a mark that is a character', 'ann\n\uFEFFsecret', 'ann', '\uFEFFsecret'],
  ['blanks, which belong to it', ' ann \n pass word ', ' ann ', ' pass word '],
  ['an empty password', 'ann\n', 'ann', ''],
  ['other scripts', 'bücher\n漢字', 'bücher', '漢字'],
]

test.each(READ)('%s are read', (_what, secret, user, password) => {
  expect(loginOf(utf8(secret))).toEqual({ user, password })
})

describe('no login', () => {
  test.each([
    ['nothing', ''],
    ['one line', 'ann'],
    ['no user', '\nsecret'],
    ['no user but a byte-order mark', '\uFEFF\nsecret'],
    ['a third line', 'ann\nsecret\nmore'],
    ['a NUL', 'ann\nsec\0ret'],
    ['another control character', 'an\tn\nsecret'],
  ])('%s', (_what, secret) => {
    expect(loginOf(utf8(secret))).toBeUndefined()
  })

  test('bytes that are no UTF-8', () => {
    expect(loginOf(Uint8Array.of(0x61, 0x0a, 0xff))).toBeUndefined()
  })
})
