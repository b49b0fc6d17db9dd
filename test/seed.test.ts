import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fraction, hash, shuffle } from '../src/seed.ts'

const seed = fc.nat(0xffff_ffff)
const range = (count: number) => Array.from({ length: count }, (_, i) => i)

describe('hash', () => {
  test('never changes: a recorded run must replay for ever', () => {
    expect([
      hash(0, '', 0),
      hash(1, 'backoff', 1),
      hash(1, 'backoff', 2),
      hash(0xffff_ffff, 'remote-random', 63),
    ]).toEqual([91_794_203, 3_699_079_211, 750_190_421, 1_279_513_766])
  })

  test('is 32 bits, and the same for the same seed, label and number', () => {
    fc.assert(
      fc.property(seed, fc.string(), fc.nat(), (seed, label, n) => {
        const value = hash(seed, label, n)
        expect(Number.isInteger(value) && value >= 0 && value < 2 ** 32).toBe(true)
        expect(hash(seed, label, n)).toBe(value)
      }),
    )
  })

  test('labels and seeds are independent: equal numbers do not meet more often than chance', () => {
    const meets = (a: (n: number) => number, b: (n: number) => number) =>
      range(10_000).filter((n) => a(n) % 256 === b(n) % 256).length
    const draw = (seed: number, label: string) => (n: number) => hash(seed, label, n)
    // Chance: 39 of 10,000, with a deviation of 6.2.
    for (const other of [draw(1, 'b'), draw(2, 'a'), draw(1, 'a '), (n: number) => hash(1, 'a', n + 1)])
      expect(Math.abs(meets(draw(1, 'a'), other) - 39)).toBeLessThan(31)
  })
})

describe('fraction', () => {
  test('is spread evenly over [0, 1)', () => {
    for (const label of ['backoff', 'remote-random']) {
      const tenths = range(10).map(() => 0)
      for (const n of range(10_000)) {
        const drawn = fraction(7, label, n)
        expect(drawn >= 0 && drawn < 1).toBe(true)
        tenths[Math.floor(drawn * 10)]!++
      }
      // Chance: 1,000 each, with a deviation of 30.
      for (const tenth of tenths) expect(Math.abs(tenth - 1000)).toBeLessThan(150)
    }
  })
})

describe('shuffle', () => {
  test('is a permutation that leaves the input alone', () => {
    fc.assert(
      fc.property(fc.array(fc.nat()), seed, (items, seed) => {
        const before = [...items]
        const shuffled = shuffle(items, seed, 'test')
        expect(items).toEqual(before)
        const byValue = (a: number, b: number) => a - b
        expect(shuffled.toSorted(byValue)).toEqual(before.toSorted(byValue))
        expect(shuffle(items, seed, 'test')).toEqual(shuffled)
      }),
    )
  })

  test('brings every order about equally often', () => {
    const counts = new Map<string, number>()
    for (const seed of range(6000)) {
      const order = shuffle(['a', 'b', 'c'], seed, 'remote-random').join('')
      counts.set(order, (counts.get(order) ?? 0) + 1)
    }
    expect(counts.size).toBe(6)
    // Chance: 1,000 each, with a deviation of 29.
    for (const count of counts.values()) expect(Math.abs(count - 1000)).toBeLessThan(150)
  })
})
