import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { Expiry, type Touched } from '../src/expiry.ts'
import { HeapClock } from '../src/sim/clock.ts'

class Item implements Touched<Item> {
  readonly name: number
  since = 0

  constructor(name: number) {
    this.name = name
  }
}

function bench(span: number) {
  const clock = new HeapClock()
  const log: string[] = []
  const expiry = new Expiry<Item>(clock, span, ({ name }) => log.push(`${clock.now()} ${name}`))
  return { clock, log, expiry }
}

test('each expires exactly the span after it was touched last, and with one timer for all', () => {
  const steps = fc.array(fc.record({ ms: fc.nat(60), n: fc.nat(4), forget: fc.boolean() }), {
    maxLength: 40,
    size: 'max',
  })
  fc.assert(
    fc.property(steps, (script) => {
      const { clock, log, expiry } = bench(100)
      const items = Array.from({ length: 5 }, (_, n) => new Item(n))
      const touched = new Map<number, number>()
      const expected: string[] = []
      const pass = (until: number) => {
        const due = [...touched].filter(([, since]) => since + 100 <= until)
        for (const [n, since] of due) {
          expected.push(`${since + 100} ${n}`)
          touched.delete(n)
        }
        clock.runUntil(until)
      }
      for (const { ms, n, forget } of script) {
        pass(clock.now() + ms)
        touched.delete(n)
        if (forget) expiry.forget(items[n]!)
        else {
          touched.set(n, clock.now())
          expiry.touch(items[n]!)
        }
        expect([log, expiry.line.size, clock.timers]).toEqual([expected, touched.size, touched.size > 0 ? 1 : 0])
      }
      pass(clock.now() + 100)
      expect([log, clock.timers]).toEqual([expected, 0])
    }),
  )
})

test('a touch sets no timer when one is set', () => {
  const { clock, expiry } = bench(100)
  const item = new Item(1)
  expiry.touch(item)
  const set: unknown[] = []
  Object.assign(clock, { setTimeout: (run: () => void) => set.push(run) })
  for (let n = 0; n < 1000; n++) expiry.touch(item)
  expect(set).toEqual([])
})

test('who is touched by the one that hears of an end waits the whole span', () => {
  const clock = new HeapClock()
  const log: string[] = []
  const [one, other] = [new Item(1), new Item(2)]
  const expiry: Expiry<Item> = new Expiry(clock, 100, ({ name }) => {
    log.push(`${clock.now()} ${name}`)
    if (clock.now() === 100) expiry.touch(one)
  })
  expiry.touch(one)
  clock.runUntil(30)
  expiry.touch(other)
  clock.runUntilIdle()
  expect(log).toEqual(['100 1', '130 2', '200 1'])
})

test('without an end of the span nobody expires and no timer is set', () => {
  const { clock, log, expiry } = bench(Infinity)
  expiry.touch(new Item(1))
  expect([clock.timers, expiry.line.size, log]).toEqual([0, 1, []])
})
