/**
 * Who has been quiet for too long: things that are touched again and again, and expire `span` ms after the last time.
 * All wait equally long, so the oldest is always the next; there is one timer, for that one, and a touch costs none.
 */
import type { Clock } from './actors.ts'
import { Line, type Linked } from './line.ts'

export interface Touched<Item> extends Linked<Item> {
  /** When that was, by the clock. */
  since: number
}

export class Expiry<Item extends Touched<Item>> {
  readonly #clock: Clock
  readonly #span: number
  readonly #expired: (item: Item) => void
  readonly #line = new Line<Item>()
  #timer: unknown

  /** `span` may be Infinity. `expired` is told of each once, and it is forgotten by then. */
  constructor(clock: Clock, span: number, expired: (item: Item) => void) {
    this.#clock = clock
    this.#span = span
    this.#expired = expired
  }

  /** Whoever waits, the oldest first. */
  get line(): Iterable<Item> & Pick<Line<Item>, 'oldest' | 'size'> {
    return this.#line
  }

  touch(item: Item): void {
    item.since = this.#clock.now()
    this.#line.touch(item)
    if (this.#timer === undefined) this.#arm()
  }

  forget(item: Item): void {
    this.#line.remove(item)
    if (this.#line.size === 0) this.#arm()
  }

  #arm(): void {
    const { oldest } = this.#line
    this.#clock.clearTimeout(this.#timer)
    this.#timer = undefined
    if (oldest && this.#span < Infinity)
      this.#timer = this.#clock.setTimeout(() => this.#sweep(), oldest.since + this.#span - this.#clock.now())
  }

  #sweep(): void {
    for (;;) {
      const { oldest } = this.#line
      if (!oldest || oldest.since + this.#span > this.#clock.now()) return this.#arm()
      this.#line.remove(oldest)
      this.#expired(oldest)
    }
  }
}
