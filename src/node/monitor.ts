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
  readonly networkChanged: () => void
}

/** Who is told of each change. */
export type Monitor = Pick<Set<NetworkListener>, 'add' | 'delete'>

/** Looks only while somebody listens. */
export function networkMonitor(interfaces = networkInterfaces, clock: Clock = nodeClock): Monitor {
  const listeners = new Set<NetworkListener>()
  let known: string | undefined
  let timer: unknown

  const look = () => {
    const found = addressesOf(interfaces) ?? known
    const differs = known !== undefined && found !== known
    known = found
    timer = clock.setTimeout(look, EVERY)
    if (differs) for (const listener of listeners) listener.networkChanged()
  }

  return {
    add: (listener) => {
      if (listeners.size === 0) {
        known = addressesOf(interfaces)
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

/** The set of addresses as one string; `undefined` when the system does not say (it may refuse). */
function addressesOf(interfaces: typeof networkInterfaces): string | undefined {
  try {
    const named = Object.entries(interfaces())
    return named
      .flatMap(([name, list = []]) => list.map(({ cidr, address }) => `${name} ${cidr ?? address}`))
      .sort()
      .join('\n')
  } catch {
    return undefined
  }
}
