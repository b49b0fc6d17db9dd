/**
 * A virtual world: time, network and names of one scenario, and the actors that let a machine live in it. One world for
 * one root.
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

export type VirtualWorld = ReturnType<typeof virtualWorld>

export function virtualWorld(script: Pick<Scenario, 'names' | 'network' | 'self' | 'binds'>) {
  const clock = new HeapClock()
  const network = new VirtualNetwork(script)
  const names = new VirtualNames(script.names)
  const actors = {
    resolver: virtualResolver(names, clock),
    dialer: dialerLogic(virtualWire(network, clock), virtualExchange),
  }
  return { clock, network, names, actors }
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
