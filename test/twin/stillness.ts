/**
 * When the kernel and Node's event loop have nothing more to say. The real twin's clock stands still until then, so that
 * real sockets take no scripted time, however loaded the machine is: nothing here is a guess about how long things take.
 */

/** Turns of the event loop without news; a chain of callbacks inside Node takes three. */
const CALM_TURNS = 8
/** The kernel of one machine owes an answer for so long at most, ms; more is a failed test. */
const PATIENCE = 10_000

const nextTurn = () => new Promise<void>((resolve) => setImmediate(resolve))

export class Stillness {
  readonly #awaited = new Set<{ readonly what: string }>()
  #error: unknown

  /** Something that the kernel will certainly tell. The function it gives says that it has; again does nothing. */
  expect(what: string): () => void {
    const entry = { what }
    this.#awaited.add(entry)
    return () => void this.#awaited.delete(entry)
  }

  /** Work of the script that has to be done before time moves on; where it fails, `settled` does. */
  async during(what: string, work: Promise<unknown>): Promise<void> {
    const done = this.expect(what)
    try {
      await work
    } catch (error) {
      this.#error = error
    }
    done()
  }

  /** Resolves when all that was expected has come, and what follows from it. */
  async settled(): Promise<void> {
    const since = performance.now()
    for (let calm = 0; calm < CALM_TURNS; calm = this.#awaited.size > 0 ? 0 : calm + 1) {
      if (performance.now() - since > PATIENCE)
        throw new Error(`never came: ${[...this.#awaited].map(({ what }) => what).join(', ')}`)
      await nextTurn()
    }
    if (this.#error !== undefined) throw new Error('the script could not be played', { cause: this.#error })
  }

  /** Resolves when it is so, and everything is still. */
  async until(what: string, isSo: () => boolean): Promise<void> {
    const since = performance.now()
    for (await this.settled(); !isSo(); await this.settled())
      if (performance.now() - since > PATIENCE) throw new Error(`never came: ${what}`)
  }
}
