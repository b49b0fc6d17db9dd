import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { Line, type Linked } from '../src/line.ts'

class Item implements Linked<Item> {
  older?: Item | undefined
  newer?: Item | undefined
}

test('is an array in the order of the last touch, whatever is touched and removed', () => {
  const steps = fc.array(fc.tuple(fc.constantFrom('touch' as const, 'remove' as const), fc.nat(5)), {
    maxLength: 60,
    size: 'max',
  })
  fc.assert(
    fc.property(steps, (script) => {
      const items = Array.from({ length: 6 }, () => new Item())
      const line = new Line<Item>()
      let model: Item[] = []
      for (const [step, n] of script) {
        const item = items[n]!
        line[step](item)
        model = model.filter((other) => other !== item)
        if (step === 'touch') model.push(item)
        expect([...line].map((one) => items.indexOf(one))).toEqual(model.map((one) => items.indexOf(one)))
        expect([line.size, line.oldest]).toEqual([model.length, model[0]])
      }
    }),
  )
})

test('whoever is looked at may be removed', () => {
  const line = new Line<Item>()
  for (let n = 0; n < 4; n++) line.touch(new Item())
  for (const item of line) line.remove(item)
  expect([line.size, line.oldest]).toEqual([0, undefined])
})
