/**
 * The reference model's time: what is due, in the order that the virtual clock promises. At one instant results come
 * before timers, then the smaller attempt or query number, then what was set first. Nothing of `src/sim/clock.ts` is in
 * it: a plain list and a search for the least.
 */
export interface Ticket {
  readonly at: number
  readonly timer: boolean
  readonly number: number
  readonly set: number
  readonly run: () => void
}

export class Agenda {
  now = 0
  #set = 0
  #due: Ticket[] = []

  /** What the world does: an answer, a connection, an entry of the script. */
  result(ms: number, number: number, run: () => void): Ticket {
    return this.#add(ms, false, number, run)
  }

  /** What was wound up to happen if nothing else does. */
  timer(ms: number, run: () => void): Ticket {
    return this.#add(ms, true, 0, run)
  }

  cancel(...tickets: readonly (Ticket | undefined)[]): void {
    this.#due = this.#due.filter((due) => !tickets.includes(due))
  }

  /** The next thing that is due by then, with `now` moved to it; false when there is none. */
  step(untilMs: number): boolean {
    const first = this.#due.reduce<Ticket | undefined>((a, b) => (a && comesBefore(a, b) ? a : b), undefined)
    if (!first || first.at > untilMs) return false
    this.cancel(first)
    this.now = first.at
    first.run()
    return true
  }

  #add(ms: number, timer: boolean, number: number, run: () => void): Ticket {
    const ticket = { at: this.now + ms, timer, number, set: this.#set++, run }
    this.#due.push(ticket)
    return ticket
  }
}

function comesBefore(a: Ticket, b: Ticket): boolean {
  if (a.at !== b.at) return a.at < b.at
  if (a.timer !== b.timer) return b.timer
  return a.number === b.number ? a.set < b.set : a.number < b.number
}
