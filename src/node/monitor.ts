/**
 * Says when this machine's addresses change: one for the process, however many clients listen. It knows no socket and
 * does not judge the change.
 */
import { networkInterfaces } from 'node:os'
import type { Clock } from '../actors.ts'
import { nodeClock } from './clock.ts'

/** Node tells nobody of a change, so it is looked for; ms. */
const EVERY = 5_000

export interface NetworkListener {
  /** `addresses`: of this machine, as text, a link-local one with its zone. */
  readonly networkChanged: (addresses: readonly string[]) => void
}

/** Who is told of each change. */
export interface Monitor extends Pick<Set<NetworkListener>, 'delete'> {
  /** `known`: what the listener has just read; with it nothing is read again. */
  readonly add: (listener: NetworkListener, known?: Addresses) => Set<NetworkListener>
}

/** Looks only while somebody listens. */
export function networkMonitor(interfaces = networkInterfaces, clock: Clock = nodeClock): Monitor {
  const listeners = new Set<NetworkListener>()
  let known: Addresses | undefined
  let timer: unknown

  const look = () => {
    const found = readAddresses(interfaces) ?? known
    const differs = known !== undefined && found?.set !== known.set
    known = found
    timer = clock.setTimeout(look, EVERY)
    if (found && differs) for (const listener of listeners) listener.networkChanged(found.listed)
  }

  return {
    add: (listener, read) => {
      if (listeners.size === 0) {
        known = read ?? readAddresses(interfaces)
        timer = clock.setTimeout(look, EVERY)
      }
      return listeners.add(listener)
    },
    delete: (listener) => {
      const listened = listeners.delete(listener)
      if (listened && listeners.size === 0) clock.clearTimeout(timer)
      return listened
    },
  }
}

/** This machine's addresses of the moment, as `networkChanged` gives them; none when the system does not say. */
export function ownAddresses(interfaces = networkInterfaces): readonly string[] {
  return readAddresses(interfaces)?.listed ?? []
}

export interface Addresses {
  /** In the system's order. */
  readonly listed: readonly string[]
  /** With what else tells them apart, in one order: equal sets are equal strings. */
  readonly set: string
}

/** `undefined` when the system does not say (it may refuse). */
export function readAddresses(interfaces = networkInterfaces): Addresses | undefined {
  try {
    const named = Object.entries(interfaces()).flatMap(([name, list = []]) => list.map((one) => ({ name, ...one })))
    const listed = named.map(({ name, address, scopeid }) => (scopeid ? `${address}%${name}` : address))
    const set = named.map(({ name, cidr, address }) => `${name} ${cidr ?? address}`)
    return { listed, set: set.sort().join('\n') }
  } catch {
    return undefined
  }
}
