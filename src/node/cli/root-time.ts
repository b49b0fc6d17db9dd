/** The time of a root that goes on between two of its notes, for what is drawn of it meanwhile. */

export interface RootTime {
  /** The root's time is `at` at this moment. */
  readonly set: (at: number) => void
  /** ms since the root's start. */
  readonly now: () => number
}

/** `clock`: ms from anywhere. */
export function rootTime(clock: () => number): RootTime {
  let seen = { at: 0, since: clock() }
  return {
    set: (at) => void (seen = { at, since: clock() }),
    now: () => seen.at + Math.floor(clock() - seen.since),
  }
}
