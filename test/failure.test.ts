import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { failure, isShortage, sentenceOf } from '../src/failure.ts'

test('a failure is plain data with a sentence', () => {
  expect(failure('ECONNREFUSED', 'connect')).toStrictEqual({
    code: 'ECONNREFUSED',
    stage: 'connect',
    message: 'connection refused: nobody listens there',
  })
  expect(failure('ECONNREFUSED', 'connect', 'mine').message).toBe('mine')
})

test('an unknown code speaks for itself, whatever it is called', () => {
  expect(sentenceOf('EPROTO')).toBe('the system said EPROTO')
  for (const name of ['constructor', 'toString', '__proto__']) expect(sentenceOf(name)).toBe(`the system said ${name}`)
  fc.assert(
    fc.property(fc.string(), (code) => {
      expect(typeof sentenceOf(code)).toBe('string')
    }),
  )
})

test('shortages are those of this machine, and only those', () => {
  for (const code of ['EMFILE', 'ENFILE', 'ENOBUFS', 'ENOMEM']) expect(isShortage(code), code).toBe(true)
  for (const code of ['ECONNREFUSED', 'EADDRINUSE', 'EADDRNOTAVAIL', 'EACCES', 'TIMEOUT', ''])
    expect(isShortage(code), code).toBe(false)
})
