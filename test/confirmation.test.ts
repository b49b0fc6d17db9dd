import { expect, test } from 'vitest'
import { resendAfter } from '../src/confirmation.ts'

test('what is sent over udp goes out at 0 1 3 7 15 31 s', () => {
  let at = 0
  const times = [1, 2, 3, 4, 5].map((sent) => (at += resendAfter(sent)))
  expect(times).toEqual([1000, 3000, 7000, 15_000, 31_000])
})
