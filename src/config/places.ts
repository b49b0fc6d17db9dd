/** Of each part of a configuration, by its path, the place in the text that it came from. */
import type { Place } from './issue.ts'

export class Places {
  readonly #places = new Map<string, Place>()
  readonly #start: Place

  /** `start`: of what has no other. */
  constructor(start: Place) {
    this.#start = start
  }

  set(path: string, place: Place): this {
    this.#places.set(path, place)
    return this
  }

  /** Of the nearest part that was written: of `remotes.0.local.host` perhaps `remotes.0.local`. */
  of(path: readonly PropertyKey[]): Place {
    const places = path.map((_, last) => this.#places.get(path.slice(0, last + 1).join('.')))
    return places.reduce<Place>((nearest, place) => place ?? nearest, this.#start)
  }

  /** What to call a part in an issue that stands at another: `line 7`, or with its file when that is another one. */
  nameOf(path: readonly PropertyKey[], from: readonly PropertyKey[]): string {
    const { file, line } = this.of(path)
    if (line === 0) return file
    return file === this.of(from).file ? `line ${line}` : `${file}:${line}`
  }
}
