/**
 * Who has been quiet for too long: things that are touched again and again, and expire `span` ms after the last time.
 * One timer for all of them, that of the oldest, so a touch costs no timer even with ten thousand of them.
 */
import type { Clock } from './actors.ts'

interface Touched {
  /** When it was touched; this class keeps it. */
  since: number
}

export class Expiry<Item extends Touched> implements Iterable<Item> {
  readonly #clock: Clock
  readonly #span: number
  readonly #expired: (item: Item) => void
  // In the order of the last touch: all wait equally long, so the first is always the next to expire.
  readonly #items = new Set<Item>()
  #timer: unknown

  /** `span` may be Infinity. `expired` is told once of each, and it is forgotten by then. */
  constructor(clock: Clock, span: number, expired: (item: Item) => void) {
    this.#clock = clock
    this.#span = span
    this.#expired = expired
  }

  get size(): number {
    return this.#items.size
  }

  /** The oldest first. */
  [Symbol.iterator](): IterableIterator<Item> {
    return this.#items.values()
  }

  touch(item: Item): void {
    item.since = this.#clock.now()
    this.#items.delete(item)
    this.#items.add(item)
    if (this.#timer === undefined) this.#arm()
  }

  forget(item: Item): void {
    this.#items.delete(item)
    if (this.#items.size === 0) this.#arm()
  }

  #arm(): void {
    this.#clock.clearTimeout(this.#timer)
    this.#timer = undefined
    const [oldest] = this.#items
    if (oldest && this.#span < Infinity)
      this.#timer = this.#clock.setTimeout(() => this.#sweep(), oldest.since + this.#span - this.#clock.now())
  }

  #sweep(): void {
    for (const item of this.#items) {
      if (item.since + this.#span > this.#clock.now()) break
      this.#items.delete(item)
      this.#expired(item)
    }
    this.#arm()
  }
}
