/**
 * Virtual time: a heap of deadlines, and a `now` that moves to each of them as it fires. Nothing here waits.
 *
 * Order at one deadline: results (of the network, the resolver, the script) before timers, then attempt or query
 * number, then order of setting. So an answer that comes in the very instant of its deadline still counts, as it does
 * on Node's clock, and no order depends on chance.
 *
 * It may not know what it calls. XState's SimulatedClock will not do: it jumps to the end of an increment first, so
 * that a timer which re-arms itself fires once (statelyai/xstate 5.33).
 */
import type { Clock } from '../actors.ts'

/**
 * Callbacks in one instant; more is a loop that takes no time, and our bug. 20,000 clients that come and are dropped at
 * once take some 40,000, which is no loop.
 */
export const MAX_CALLBACKS = 100_000

const RESULT = 0
const TIMER = 1

interface Due {
  readonly at: number
  readonly rank: typeof RESULT | typeof TIMER
  readonly number: number
  readonly set: number
  readonly run: () => void
  /** Where it stands in the heap; -1 once it fired or was cancelled. */
  index: number
}

export class HeapClock implements Clock {
  #now = 0
  #set = 0
  #timers = 0
  #callbacks = 0
  readonly #heap: Due[] = []

  /** ms since the clock was made. */
  readonly now = (): number => this.#now

  readonly setTimeout = (run: () => void, ms: number): unknown => this.#push(this.#now + Math.max(0, ms), TIMER, 0, run)

  /** Cancels a timer or a result. One that fired, was cancelled or never was is left alone. */
  readonly clearTimeout = (id: unknown): void => {
    const due = id as Due | undefined
    if (due && due.index >= 0) this.#remove(due)
  }

  /** Schedules a result for the time `ms` (or for now, if that has passed). `number`: its attempt's or query's. */
  at(ms: number, number: number, run: () => void): unknown {
    return this.#push(Math.max(this.#now, ms), RESULT, number, run)
  }

  /** Timers that wait: 0 after the end, or somebody leaks. */
  get timers(): number {
    return this.#timers
  }

  /** Results that wait. */
  get results(): number {
    return this.#heap.length - this.#timers
  }

  /** The next deadline; `undefined` when nothing waits. */
  get next(): number | undefined {
    return this.#heap[0]?.at
  }

  /** Fires the one callback that is first; `false` when nothing waits. */
  step(): boolean {
    const due = this.#heap[0]
    if (!due) return false
    this.#callbacks = due.at === this.#now ? this.#callbacks + 1 : 1
    if (this.#callbacks > MAX_CALLBACKS)
      throw new Error(`more than ${MAX_CALLBACKS} callbacks at ${due.at} ms: something loops without taking time`)
    this.#now = due.at
    this.#remove(due)
    due.run()
    return true
  }

  /** Fires everything of the next instant, what is set meanwhile for the same instant too; `false`: nothing waits. */
  stepInstant(): boolean {
    const instant = this.next
    if (instant === undefined) return false
    while (this.next === instant) this.step()
    return true
  }

  /** Fires everything up to `ms`, that instant included, and stands there. */
  runUntil(ms: number): void {
    while ((this.next ?? Infinity) <= ms) this.step()
    this.#now = Math.max(this.#now, ms)
  }

  /** Fires until nothing waits any more. Whoever sets timers for ever is not for this. */
  runUntilIdle(): void {
    while (this.step());
  }

  #push(at: number, rank: Due['rank'], number: number, run: () => void): Due {
    // NaN would silently break the order of the whole heap.
    if (!Number.isFinite(at)) throw new RangeError(`${at} is no deadline`)
    const due: Due = { at, rank, number, set: this.#set++, run, index: this.#heap.length }
    this.#timers += rank
    this.#heap.push(due)
    this.#rise(due)
    return due
  }

  #remove(due: Due): void {
    const last = this.#heap.pop()
    if (last && last !== due) {
      this.#place(last, due.index)
      this.#sink(last)
      this.#rise(last)
    }
    due.index = -1
    this.#timers -= due.rank
  }

  #rise(due: Due): void {
    while (due.index > 0) {
      const parent = this.#heap[(due.index - 1) >> 1]
      if (!parent || isBefore(parent, due)) return
      this.#swap(due, parent)
    }
  }

  #sink(due: Due): void {
    for (;;) {
      const left = this.#heap[2 * due.index + 1]
      const right = this.#heap[2 * due.index + 2]
      const child = right && left && isBefore(right, left) ? right : left
      if (!child || isBefore(due, child)) return
      this.#swap(child, due)
    }
  }

  /** `upper` takes the place of its parent `lower`. */
  #swap(upper: Due, lower: Due): void {
    const index = upper.index
    this.#place(upper, lower.index)
    this.#place(lower, index)
  }

  #place(due: Due, index: number): void {
    this.#heap[index] = due
    due.index = index
  }
}

// Total: `set` is never the same twice.
function isBefore(a: Due, b: Due): boolean {
  return (a.at - b.at || a.rank - b.rank || a.number - b.number || a.set - b.set) < 0
}
