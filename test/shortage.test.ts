import { expect, test } from 'vitest'
import { shortagePause } from '../src/shortage.ts'

test('a shortage is worth five more tries, after 100 200 400 800 1600 ms', () => {
  const pauses = [0, 1, 2, 3, 4, 5].map((retries) => shortagePause('EMFILE', retries))
  expect(pauses).toEqual([100, 200, 400, 800, 1600, undefined])
})

test('what is no shortage is worth none', () => {
  expect(shortagePause('EADDRINUSE', 0)).toBe(undefined)
})
