/** The clock of a played scenario: the machines' timers, and the script's results at their time. */
import type { Clock } from '../../src/actors.ts'
import { nodeClock } from '../../src/node/clock.ts'

export interface ScriptClock extends Clock {
  /** Runs a result at `ms` since the start, or now if that has passed. `number`: its attempt's. */
  readonly at: (ms: number, number: number, run: () => void) => unknown
}

/** Node's own clock, from now on. */
export function realClock(): ScriptClock {
  const start = nodeClock.now()
  const now = () => nodeClock.now() - start
  return { ...nodeClock, now, at: (ms, _, run) => nodeClock.setTimeout(run, Math.max(0, ms - now())) }
}
