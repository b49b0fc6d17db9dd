/** Real time as the machines' `Clock`. It knows nothing of what it wakes. */
import type { Clock } from '../actors.ts'

/** Node runs a longer timer at once (and warns); ms. */
const LONGEST = 2_147_483_647

/** What runs for it now; whoever has the id can end it at any moment. */
interface Timer {
  due?: NodeJS.Timeout
  delivery?: NodeJS.Immediate
}

function arm(timer: Timer, run: () => void, at: number): Timer {
  const wait = Math.min(LONGEST, Math.max(0, Math.ceil(at - performance.now())))
  const deliver = () => {
    if (performance.now() < at) arm(timer, run, at)
    else run()
  }
  const due = () => (timer.delivery = setImmediate(deliver))
  // Node would make a whole millisecond of none.
  if (wait === 0) due()
  else timer.due = setTimeout(due, wait)
  return timer
}

/**
 * Monotonic (`performance.now`), so a change of the wall clock moves nothing. A due timer is delivered through
 * `setImmediate`, after the poll phase: a result that is ready at the deadline comes before the deadline. Never early:
 * libuv's loop time is cut to whole milliseconds and may fire a timer a fraction too soon.
 */
export const nodeClock: Clock = {
  now: () => performance.now(),
  setTimeout: (run, ms) => arm({}, run, performance.now() + ms),
  clearTimeout: (id) => {
    if (id === undefined) return
    const { due, delivery } = id as Timer
    clearTimeout(due)
    clearImmediate(delivery)
  },
}
