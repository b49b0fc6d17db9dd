/** Says when this machine's addresses change. It knows no socket and does not judge the change. */
import { networkInterfaces } from 'node:os'
import type { MonitorSays } from '../actors.ts'
import { ioActor } from '../contain.ts'

/** Node tells nobody of a change, so it is looked for; ms. */
const EVERY = 5_000

type Interfaces = typeof networkInterfaces

export function nodeMonitor(interfaces: Interfaces = networkInterfaces) {
  return ioActor<undefined, MonitorSays>(({ say, clock }) => {
    let known = addressesOf(interfaces)
    const look = () => {
      const found = addressesOf(interfaces) ?? known
      if (known !== undefined && found !== known) say({ type: 'network.changed' })
      known = found
      timer = clock.setTimeout(look, EVERY)
    }
    let timer = clock.setTimeout(look, EVERY)
    return () => clock.clearTimeout(timer)
  })
}

/** The set of addresses as one string; `undefined` when the system does not say (it may refuse). */
function addressesOf(interfaces: Interfaces): string | undefined {
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
