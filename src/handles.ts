/**
 * What is open, kept outside XState, so that contexts stay JSON: by system (one root actor), then number. The oracle of
 * every leak test, the door through which the host takes the winner, and the closer of last resort.
 */
import type { DockSocket, Guest } from './dock.ts'
import type { WireSocket } from './wire.ts'

function registry<Handle>(): (system: object) => Map<number, Handle> {
  const registries = new WeakMap<object, Map<number, Handle>>()
  return (system) => {
    let handles = registries.get(system)
    if (!handles) registries.set(system, (handles = new Map()))
    return handles
  }
}

/** The open sockets of one system, by attempt. */
export const handlesOf = registry<WireSocket>()
/** Its listening sockets, by listener. */
export const listenersOf = registry<DockSocket>()
/** Its TCP clients that were let in, by peer. */
export const guestsOf = registry<Guest>()

/** Closes whatever is still open; for a root that died of a bug. */
export function closeHandles(system: object): void {
  for (const handlesIn of [handlesOf, listenersOf, guestsOf]) {
    for (const handle of handlesIn(system).values()) handle.close()
    handlesIn(system).clear()
  }
}
