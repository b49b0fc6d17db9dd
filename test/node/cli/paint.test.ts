import { expect, test } from 'vitest'
import { paintFor } from '../../../src/node/cli/paint.ts'
import { FakeScreen } from './fake-io.ts'

test.each([
  ['a terminal', 80, {}, false, true],
  ['no terminal', undefined, {}, false, false],
  ['a dumb terminal', 80, { TERM: 'dumb' }, false, false],
  ['NO_COLOR', 80, { NO_COLOR: '1' }, false, false],
  ['an empty NO_COLOR', 80, { NO_COLOR: '' }, false, true],
  ['FORCE_COLOR', undefined, { FORCE_COLOR: '1' }, false, true],
  ['FORCE_COLOR=0', 80, { FORCE_COLOR: '0' }, false, false],
  ['FORCE_COLOR is stronger than NO_COLOR', undefined, { FORCE_COLOR: '', NO_COLOR: '1' }, false, true],
  ['--no-color is stronger than all', 80, { FORCE_COLOR: '1' }, true, false],
])('%s', (_, columns, env: Record<string, string>, noColor, coloured) => {
  const paint = paintFor(new FakeScreen(columns), env, { noColor })
  expect(paint('red', 'x')).toBe(coloured ? '\u001B[31mx\u001B[39m' : 'x')
})
