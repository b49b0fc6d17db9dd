import { describe, expect, test } from 'vitest'
import { readCount, readPort, readSeconds } from '../../src/config/quantities.ts'

describe('a port', () => {
  test.each([
    ['1', 1],
    ['65535', 65535],
    ['00443', 443],
  ])('%s', (text, port) => expect(readPort(text, 1)).toEqual({ value: port }))

  test.each([
    '',
    '0',
    '65536',
    '99999',
    '100000',
    '-1',
    '+1',
    '1.0',
    ' 1',
    '1e3',
    '0x50',
    '\u0661',
    'https',
    'toString',
    '__proto__',
  ])('%j is none', (text) => expect(readPort(text, 1).value).toBeUndefined())

  test('names of every object are no services', () => {
    for (const text of ['toString', '__proto__', 'constructor'])
      expect(JSON.stringify(readPort(text, 1))).not.toContain('the port of')
  })

  test('0 is a local port', () => expect(readPort('0', 0)).toEqual({ value: 0 }))
})

describe('seconds', () => {
  test.each([
    ['1', 1000],
    ['0.001', 1],
    ['2.50', 2500],
    ['2147483.647', 2_147_483_647],
    ['0.3', 300],
    ['1.005', 1005],
  ])('%s', (text, ms) => expect(readSeconds(text, 1)).toEqual({ value: ms }))

  test.each(['', '0', '0.0001', '1.', '.5', '-1', '1e3', 'Infinity', 'NaN', '2147483.648', '99999999999', '5s'])(
    '%j are none',
    (text) => expect(readSeconds(text, 1).value).toBeUndefined(),
  )
})

describe('a count', () => {
  test('has both ends', () => {
    expect(readCount('1', 1, 3)).toEqual({ value: 1 })
    expect(readCount('3', 1, 3)).toEqual({ value: 3 })
    expect(readCount('0', 1, 3).message).toBe('expected a whole number from 1 to 3, not "0"')
    expect(readCount('4', 1, 3).value).toBeUndefined()
    expect(readCount('9007199254740991', 0, Number.MAX_SAFE_INTEGER)).toEqual({ value: Number.MAX_SAFE_INTEGER })
    expect(readCount('9007199254740992', 0, Number.MAX_SAFE_INTEGER).value).toBeUndefined()
  })
})
