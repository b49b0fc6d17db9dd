/**
 * What is open, kept outside XState, so that contexts stay JSON: by system (one root actor), then attempt number. The
 * oracle of every leak test, the door through which the host takes the winner, and the closer of last resort.
 */
import type { WireSocket } from './wire.ts'

const registries = new WeakMap<object, Map<number, WireSocket>>()

/** The open sockets of one system, by attempt. */
export function handlesOf(system: object): Map<number, WireSocket> {
  let handles = registries.get(system)
  if (!handles) registries.set(system, (handles = new Map()))
  return handles
}

/** Closes whatever is still open; for a root that died of a bug. */
export function closeHandles(system: object): void {
  for (const socket of handlesOf(system).values()) socket.close()
  handlesOf(system).clear()
}
