/**
 * A virtual world: time, network and names of one scenario, for one root to live in.
 *
 * The actors look their world up when they start, so that they are made once and serve one world after the other:
 * XState's `provide`, and caches that start out cold, would cost a third of every run.
 */
import type { Reception } from '../acceptor.ts'
import { acceptors } from '../acceptor.ts'
import { binderLogic } from '../binder.ts'
import { dialerLogic } from '../dialer.ts'
import { formatEndpoint } from '../endpoint.ts'
import { guestsOf, handlesOf, listenersOf } from '../handles.ts'
import { HeapClock } from './clock.ts'
import { virtualDock } from './dock.ts'
import { virtualExchange } from './exchanges.ts'
import { virtualHops } from './hops.ts'
import { Inbound } from './inbound.ts'
import { VirtualNetwork } from './network.ts'
import type { Ports } from './ports.ts'
import { VirtualNames, virtualResolver } from './resolver.ts'
import type { ServerScenario } from './scenario.ts'
import { virtualUser } from './user.ts'
import { virtualWire } from './wire.ts'

/** One host, and what it lives in. */
export interface VirtualHost {
  readonly clock: HeapClock
  /** The addresses and ports of this host. */
  readonly ports: Ports
  /** Whom we dial. */
  readonly network: VirtualNetwork
  /** Who dials us. */
  readonly inbound: Inbound
  readonly names: VirtualNames
}

export interface VirtualWorld extends VirtualHost {
  /** The program that uses a server. */
  readonly user: Reception
}

type Script = Pick<ServerScenario, 'names' | 'network' | 'self' | 'binds' | 'server'>

export function virtualWorld(script: Script): VirtualWorld {
  const network = new VirtualNetwork(script)
  const { ports } = network
  const user = virtualUser(script.server)
  return {
    clock: new HeapClock(),
    ports,
    network,
    inbound: new Inbound(ports),
    names: new VirtualNames(script.names),
    user,
  }
}

/** The actors of `src/actors.ts`, for the machines. `world`: the one that the root lives in whose actor starts. */
export function virtualActors(world: () => VirtualWorld) {
  return {
    resolver: virtualResolver(world),
    dialer: dialerLogic(virtualWire(world), virtualExchange, virtualHops(world)),
    binder: binderLogic(
      virtualDock(world),
      acceptors(() => world().user),
    ),
  }
}

/** What a root left behind, in words; nothing after its end, or there is a bug. `system`: the root's. */
export function leaksOf({ clock, network, inbound, names }: VirtualHost, system: object): readonly string[] {
  const count = (n: number, what: string) => (n > 0 ? [`${n} ${what}`] : [])
  return [
    ...network.open.map(({ attempt, transport, remote }) => {
      return `the ${transport} socket of attempt ${attempt} to ${formatEndpoint(remote)}`
    }),
    ...inbound.open,
    ...count(clock.timers, 'timers'),
    ...count(clock.results, 'results on their way'),
    ...count(names.open, 'queries'),
    ...count(handlesOf(system).size, 'handles in the registry'),
    ...count(listenersOf(system).size, 'listeners in the registry'),
    ...count(guestsOf(system).size, 'guests in the registry'),
  ]
}
