import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { pauseAfter } from '../src/backoff.ts'

const DEFAULT = { min: 1_000, max: 300_000 }
const seed = fc.nat(0xffff_ffff)

test('1 1 1 1 2 4 8 ... 256 300 300 s, times 1 to 1.1', () => {
  const seconds = [1, 1, 1, 1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]
  fc.assert(
    fc.property(seed, (seed) => {
      for (const [i, base] of seconds.entries()) {
        const pause = pauseAfter(DEFAULT, i + 1, seed)
        expect(Number.isInteger(pause)).toBe(true)
        expect(pause).toBeGreaterThanOrEqual(base * 1000)
        expect(pause).toBeLessThanOrEqual(base * 1100)
      }
    }),
  )
})

test('O5: with its factor divided out it never falls, and stops growing at the maximum or after 15 doublings', () => {
  const backoff = fc.record({
    min: fc.integer({ min: 1000, max: 60_000 }),
    max: fc.integer({ min: 1000, max: 2 ** 31 }),
  })
  fc.assert(
    fc.property(backoff, seed, fc.integer({ min: 1, max: 10_000 }), (backoff, seed, failed) => {
      const base = (k: number) => Math.min(backoff.max, backoff.min * 2 ** Math.min(15, Math.max(0, k - 4)))
      const factor = pauseAfter(backoff, failed, seed) / base(failed)
      expect(factor).toBeGreaterThanOrEqual(1 - 1 / base(failed))
      expect(factor).toBeLessThanOrEqual(1.1 + 1 / base(failed))
      expect(base(failed + 1)).toBeGreaterThanOrEqual(base(failed))
    }),
  )
})

test('many clients of one dead server do not come back in step', () => {
  const pauses = new Set(Array.from({ length: 100 }, (_, seed) => pauseAfter({ min: 300_000, max: 300_000 }, 1, seed)))
  expect(pauses.size).toBeGreaterThan(90)
})

test('a recorded run replays for ever', () => {
  expect([1, 2, 3, 4, 5, 6].map((failed) => pauseAfter(DEFAULT, failed, 1))).toEqual([
    1086, 1017, 1086, 1055, 2164, 4123,
  ])
})
