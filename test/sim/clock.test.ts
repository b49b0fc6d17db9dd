import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { HeapClock, MAX_CALLBACKS } from '../../src/sim/clock.ts'

describe('HeapClock', () => {
  test('moves now to each deadline as it fires, not to the end first', () => {
    const clock = new HeapClock()
    const fired: number[] = []
    const again = () => {
      fired.push(clock.now())
      clock.setTimeout(again, 100)
    }
    clock.setTimeout(again, 100)
    clock.runUntil(350)
    expect(fired).toEqual([100, 200, 300])
    expect(clock.now()).toBe(350)
  })

  test('orders one instant: results before timers, then by number, then by order of setting', () => {
    const clock = new HeapClock()
    const fired: string[] = []
    const say = (word: string) => () => void fired.push(word)
    clock.setTimeout(say('timer a'), 10)
    clock.at(10, 2, say('result 2 a'))
    clock.at(10, 1, say('result 1'))
    clock.setTimeout(say('timer b'), 10)
    clock.at(10, 2, say('result 2 b'))
    clock.at(9, 3, say('earlier'))
    clock.runUntilIdle()
    expect(fired).toEqual(['earlier', 'result 1', 'result 2 a', 'result 2 b', 'timer a', 'timer b'])
  })

  test('a result that is set for the instant that is going on comes before its timers', () => {
    const clock = new HeapClock()
    const fired: string[] = []
    clock.at(5, 1, () => clock.at(5, 1, () => fired.push('result')))
    clock.setTimeout(() => fired.push('timer'), 5)
    expect(clock.stepInstant()).toBe(true)
    expect(fired).toEqual(['result', 'timer'])
    expect(clock.stepInstant()).toBe(false)
  })

  test('a result for a time that has passed is due now, and a negative delay is none', () => {
    const clock = new HeapClock()
    clock.runUntil(50)
    const fired: number[] = []
    clock.at(10, 1, () => fired.push(clock.now()))
    clock.setTimeout(() => fired.push(clock.now()), -10)
    clock.runUntilIdle()
    expect(fired).toEqual([50, 50])
  })

  test('counts what waits, and forgets what was cancelled', () => {
    const clock = new HeapClock()
    const timer = clock.setTimeout(() => {}, 10)
    const result = clock.at(20, 1, () => {})
    expect([clock.timers, clock.results, clock.next]).toEqual([1, 1, 10])
    clock.clearTimeout(timer)
    clock.clearTimeout(timer)
    clock.clearTimeout(undefined)
    expect([clock.timers, clock.results, clock.next]).toEqual([0, 1, 20])
    clock.clearTimeout(result)
    expect([clock.timers, clock.results, clock.next]).toEqual([0, 0, undefined])
    expect(clock.step()).toBe(false)
  })

  test('runs what is due at the very end of runUntil, and nothing later', () => {
    const clock = new HeapClock()
    const fired: number[] = []
    for (const ms of [10, 11]) clock.setTimeout(() => fired.push(ms), ms)
    clock.runUntil(10)
    expect(fired).toEqual([10])
  })

  test('a loop that takes no time throws', () => {
    const clock = new HeapClock()
    let count = 0
    const again = () => {
      count++
      clock.setTimeout(again, 0)
    }
    clock.setTimeout(again, 7)
    expect(() => clock.runUntilIdle()).toThrow(
      'more than 100000 callbacks at 7 ms: something loops without taking time',
    )
    expect(count).toBe(MAX_CALLBACKS)
  })

  test('so many callbacks in one instant are allowed, at every instant', () => {
    const clock = new HeapClock()
    let count = 0
    for (const ms of [0, 1, 2]) for (let i = 0; i < MAX_CALLBACKS; i++) clock.setTimeout(() => count++, ms)
    clock.runUntilIdle()
    expect(count).toBe(3 * MAX_CALLBACKS)
  })

  test.each([Number.NaN, Infinity])('%s is no deadline', (ms) => {
    expect(() => new HeapClock().setTimeout(() => {}, ms)).toThrow(RangeError)
  })
})

describe('properties', () => {
  // Few times, so that there are ties; or many, so that the heap is deep.
  const due = fc.record({
    ms: fc.oneof(fc.nat(9), fc.nat(500)),
    number: fc.nat(3),
    timer: fc.boolean(),
    cancelled: fc.boolean(),
  })

  test('fires what was not cancelled, in the order of a plain sort', () => {
    fc.assert(
      fc.property(fc.array(due, { maxLength: 150, size: 'max' }), (dues) => {
        const clock = new HeapClock()
        const fired: number[] = []
        const ids = dues.map(({ ms, number, timer }, i) =>
          timer ? clock.setTimeout(() => fired.push(i), ms) : clock.at(ms, number, () => fired.push(i)),
        )
        dues.forEach(({ cancelled }, i) => cancelled && clock.clearTimeout(ids[i]))
        const kept = dues.map((due, i) => ({ ...due, i })).filter(({ cancelled }) => !cancelled)
        expect([clock.timers, clock.results]).toEqual([
          kept.filter(({ timer }) => timer).length,
          kept.filter(({ timer }) => !timer).length,
        ])
        const rank = (item: { timer: boolean; number: number }) => (item.timer ? 100 : item.number)
        const expected = kept.toSorted((a, b) => a.ms - b.ms || rank(a) - rank(b) || a.i - b.i)
        clock.runUntilIdle()
        expect(fired).toEqual(expected.map(({ i }) => i))
      }),
    )
  })
})
