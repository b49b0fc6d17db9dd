/**
 * Things in the order in which they were touched last, at a constant cost: a list whose links are in the things
 * themselves, so each stands in one line only.
 *
 * An insertion-ordered Map or Set will not do. V8 keeps what is deleted in its chains until it rehashes, so deleting and
 * adding the same one of 10,000 again and again takes 20 µs each time, and it is the busiest peer who would do that.
 */
export interface Linked<Item> {
  older?: Item | undefined
  newer?: Item | undefined
}

export class Line<Item extends Linked<Item>> implements Iterable<Item> {
  #oldest: Item | undefined
  #newest: Item | undefined
  #size = 0

  get oldest(): Item | undefined {
    return this.#oldest
  }

  get size(): number {
    return this.#size
  }

  /** The oldest first; the one that was just given may be removed. */
  *[Symbol.iterator](): Generator<Item, void> {
    for (let item = this.#oldest; item;) {
      const next: Item | undefined = item.newer
      yield item
      item = next
    }
  }

  /** Puts it at the end, wherever it stood. */
  touch(item: Item): void {
    this.remove(item)
    item.older = this.#newest
    if (this.#newest) this.#newest.newer = item
    else this.#oldest = item
    this.#newest = item
    this.#size++
  }

  /** One that is in no line is left alone. */
  remove(item: Item): void {
    const { older, newer } = item
    if (!older && this.#oldest !== item) return
    if (older) older.newer = newer
    else this.#oldest = newer
    if (newer) newer.older = older
    else this.#newest = older
    item.older = undefined
    item.newer = undefined
    this.#size--
  }
}
