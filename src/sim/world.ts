/**
 * A virtual world: time, network and names of one scenario, for one root to live in.
 *
 * The actors look their world up when they start, so that they are made once and serve one world after the other:
 * XState's `provide`, and caches that start out cold, would cost a third of every run.
 */
import { dialerLogic } from '../dialer.ts'
import { formatEndpoint } from '../endpoint.ts'
import { handlesOf } from '../handles.ts'
import { HeapClock } from './clock.ts'
import { virtualExchange } from './exchanges.ts'
import { VirtualNetwork } from './network.ts'
import { VirtualNames, virtualResolver } from './resolver.ts'
import type { Scenario } from './scenario.ts'
import { virtualWire } from './wire.ts'

export interface VirtualWorld {
  readonly clock: HeapClock
  readonly network: VirtualNetwork
  readonly names: VirtualNames
}

export function virtualWorld(script: Pick<Scenario, 'names' | 'network' | 'self' | 'binds'>): VirtualWorld {
  return { clock: new HeapClock(), network: new VirtualNetwork(script), names: new VirtualNames(script.names) }
}

/** The actors of `src/actors.ts`, for the machines. `world`: the one that the root lives in whose actor starts. */
export function virtualActors(world: () => VirtualWorld) {
  return { resolver: virtualResolver(world), dialer: dialerLogic(virtualWire(world), virtualExchange) }
}

/** What a root left behind, in words; nothing after its end, or there is a bug. `system`: the root's. */
export function leaksOf({ clock, network, names }: VirtualWorld, system: object): readonly string[] {
  const count = (n: number, what: string) => (n > 0 ? [`${n} ${what}`] : [])
  return [
    ...network.open.map(({ attempt, transport, remote }) => {
      return `the ${transport} socket of attempt ${attempt} to ${formatEndpoint(remote)}`
    }),
    ...count(clock.timers, 'timers'),
    ...count(clock.results, 'results on their way'),
    ...count(names.open, 'queries'),
    ...count(handlesOf(system).size, 'handles in the registry'),
  ]
}
