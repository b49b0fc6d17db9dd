/**
 * How many clients this process can still hold: descriptors that are free, less a reserve. A listener of Node's that
 * runs out of them says nothing (libuv accepts the client and closes it), so the last ones are never used for clients.
 */
import { readFileSync, readdirSync } from 'node:fs'

/** Descriptors that clients leave to everything else: look-ups, files, new listeners. */
const RESERVE = 64
/** Where no limit can be read: what Node raises its own to on macOS (OPEN_MAX); Windows has none. */
const KNOWN_LIMIT = 10_240
/** With less to spare than this, ms between two looks, and the spare of which that is said. */
const LOOK_EVERY = 100
const SCARCE = 64

/** The soft limit of open files. */
export function descriptorLimit(read: () => string = () => readFileSync('/proc/self/limits', 'utf8')): number {
  try {
    const soft = Number(/^Max open files +(\d+)/m.exec(read())?.[1])
    return Number.isNaN(soft) ? KNOWN_LIMIT : soft
  } catch {
    return KNOWN_LIMIT
  }
}

/** Open descriptors; where the system does not list them, what Node itself holds. */
export function openDescriptors(list: () => readonly string[] = () => readdirSync('/dev/fd')): number {
  try {
    return list().length
  } catch {
    return process.getActiveResourcesInfo().length
  }
}

/**
 * Asked for each client that comes: may it stay? Counting costs a walk over all descriptors, so half of what one count
 * finds to spare is given out unseen before the next one.
 */
export function descriptorBudget(
  spare: () => number = () => descriptorLimit() - openDescriptors() - RESERVE,
  now: () => number = () => performance.now(),
): () => boolean {
  let left = 0
  let isScarce = false
  let looked = 0

  const look = () => {
    const found = spare()
    left = Math.ceil(found / 2)
    isScarce = found < SCARCE
    looked = now()
  }
  return () => {
    if (left <= 0 && !(isScarce && now() - looked < LOOK_EVERY)) look()
    return left-- > 0
  }
}
