/**
 * Abort injected: a server is stopped, or drained, after every event of every scenario, and of generated ones, and
 * nothing may be left.
 */
import * as fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { scenarioRunner } from '../../src/sim/run-scenario.ts'
import { serverCatalogue } from '../scenarios/catalogue.ts'
import { serverScript } from './server-script.ts'

const run = scenarioRunner()
/** Events after which a run is aborted: the rest of a long one repeats itself. */
const EVENTS = 40

const generated = fc
  .sample(serverScript, { seed: 20_261_122, numRuns: 60 })
  .map((scenario, i) => ({ name: `generated ${i + 1}`, scenario }))

// XState's development build says so when a child ends in the very step in which its root was stopped.
beforeEach(() => {
  vi.spyOn(console, 'warn').mockImplementation(() => {})
})
afterEach(() => {
  vi.restoreAllMocks()
})

describe.each([...serverCatalogue(), ...generated])('$name', ({ scenario: written }) => {
  // It ends when we say so, and not before.
  const timeline = written.timeline.filter((entry) => !('do' in entry) || entry.do === 'network-changed')
  const scenario = { ...written, timeline }

  test.each([
    ['stop', undefined],
    ['drain', 0],
    ['drain', 1000],
  ] as const)('C2 V8 %s after any event, grace %s', (command, grace) => {
    let events = 0
    run(scenario, { afterStep: (index) => (events = index) })
    for (let at = 0; at <= Math.min(events, EVENTS); at++) {
      let askedAt = 0
      const { trace, counters } = run(
        { ...scenario, untilMs: Number.MAX_SAFE_INTEGER },
        {
          afterStep: (index, { world, command: tell }) => {
            if (index !== at) return
            askedAt = world.clock.now()
            tell(command, grace)
          },
        },
      )
      const [, endedAt] = /^ *(\d+) server (?:stopped|failed)/.exec(trace.at(-1) ?? '') ?? []
      expect({ at, ended: Number(endedAt) <= askedAt + (grace ?? 0) }).toEqual({ at, ended: true })
      expect(counters?.live).toBe(0)
    }
  })
})
