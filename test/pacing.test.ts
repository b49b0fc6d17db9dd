import { describe, expect, test } from 'vitest'
import { type Pacing, type Step, type View, nextStep } from '../src/pacing.ts'

const VIEW: View = { at: 1000, waiting: 2, inFlight: 0, newest: null, resolving: false, unresolved: 1, bound: false }
const START: Step = { do: 'start' }
const RESOLVE: Step = { do: 'resolve' }
const WAIT: Step = { do: 'wait', ms: null }
const wait = (ms: number): Step => ({ do: 'wait', ms })

const table = (policy: Pacing['policy'], rows: readonly (readonly [string, Partial<View>, Step])[]) =>
  test.each(rows)('%s', (_, view, step) => {
    expect(nextStep({ policy, attemptDelay: 250, maxInFlight: 3 }, { ...VIEW, ...view })).toEqual(step)
  })

const flying = { startedAt: 900, flying: true }
const ended = { startedAt: 900, flying: false }

const ALIKE = [
  ['starts the first candidate', {}, START],
  ['starts what waits before it resolves more', { unresolved: 5 }, START],
  ['starts while the next name is looked up', { resolving: true }, START],
  ['resolves when nothing waits', { waiting: 0 }, RESOLVE],
  ['waits for the look-up under way', { waiting: 0, resolving: true }, WAIT],
  ['waits when there is nothing left', { waiting: 0, unresolved: 0 }, WAIT],
  ['starts the next when the last one has ended', { newest: ended }, START],
  ['resolves the next remote when the last one has ended', { waiting: 0, newest: ended }, RESOLVE],
] as const

describe('R3 sequential', () => {
  table('sequential', [
    ...ALIKE,
    ['waits for the attempt in flight', { inFlight: 1, newest: flying }, WAIT],
    ['resolves nothing meanwhile', { inFlight: 1, newest: flying, waiting: 0 }, WAIT],
    ['waits however long it takes', { inFlight: 1, newest: flying, at: 1e9 }, WAIT],
  ])
})

describe('newest', () => {
  table('newest', [
    ...ALIKE,
    ['starts the next after the delay', { inFlight: 1, newest: flying, at: 1150 }, START],
    ['long after it, too', { inFlight: 1, newest: flying, at: 9999 }, START],
    ['waits for the rest of the delay', { inFlight: 1, newest: flying, at: 1149 }, wait(1)],
    ['waits for all of it', { inFlight: 1, newest: { startedAt: 1000, flying: true } }, wait(250)],
    ['starts at once when the newest has failed', { inFlight: 2, newest: ended }, START],
    ['waits for room', { inFlight: 3, newest: flying, at: 9999 }, WAIT],
    ['resolves the next remote when the queue is empty', { inFlight: 2, newest: flying, waiting: 0 }, RESOLVE],
    ['looks up one name at a time', { inFlight: 1, newest: flying, waiting: 0, resolving: true }, WAIT],
    ['R7 never overlaps a bound attempt', { inFlight: 1, newest: flying, at: 9999, bound: true }, WAIT],
    ['R7 starts a bound attempt when nothing flies', { newest: ended, bound: true }, START],
    ['R7 resolves nothing beside a bound attempt', { inFlight: 1, waiting: 0, newest: flying, bound: true }, WAIT],
  ])
})
