import { expect, test } from 'vitest'
import { formatMs } from '../../../src/node/cli/duration.ts'

test.each([
  [0, '0 ms'],
  [999, '999 ms'],
  [1000, '1 s'],
  [1250, '1.25 s'],
  [10_000, '10 s'],
  [59_994, '59.99 s'],
  [59_999, '60 s'],
  [60_000, '1 min'],
  [250_400, '4 min 10 s'],
  [300_000, '5 min'],
])('%d ms is %s', (ms, text) => expect(formatMs(ms)).toBe(text))
