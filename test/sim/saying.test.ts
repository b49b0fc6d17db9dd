import { expect, test } from 'vitest'
import { SayingScript, bytesOfSaying, piecesOf } from '../../src/sim/saying.ts'
import { utf8 } from '../../src/utf8.ts'

const say = (text: string, to?: string) => ({ text, afterMs: 0, to })

test('each thing is said once, to the first piece that it fits', () => {
  const script = new SayingScript([say('welcome', 'login'), say('who are you?'), say('bye', 'login')])
  const heard = ['hello', 'my login', 'login', 'login'].map((piece) => script.answerTo(utf8(piece))?.text)
  expect(heard).toEqual(['who are you?', 'welcome', 'bye', undefined])
  expect(new SayingScript().answerTo(utf8('hello'))).toBeUndefined()
})

test('bytes are text, or hexadecimal, or none; a drip is one at a time', () => {
  expect([...bytesOfSaying({ text: 'é' })]).toEqual([0xc3, 0xa9])
  expect([...bytesOfSaying({ hex: '05ff' })]).toEqual([5, 255])
  expect(piecesOf(bytesOfSaying({}), 0)).toEqual([])
  expect(piecesOf(utf8('ab'), 0)).toEqual([utf8('ab')])
  expect(piecesOf(utf8('ab'), 5)).toEqual([utf8('a'), utf8('b')])
})
