/** What a timeline does to a world, and when. What it tells the root is the runner's business. */
import type { Inbound } from './inbound.ts'
import type { VirtualNetwork } from './network.ts'
import type { Ports } from './ports.ts'
import type { VirtualNames } from './resolver.ts'
import type { From, HostEntry, TimelineEntry } from './timeline.ts'

/** As much of a world as a timeline can change. */
export interface Changeable {
  readonly ports: Pick<Ports, 'changeOwn' | 'changeBinds'>
  readonly network: Pick<VirtualNetwork, 'change' | 'kill'>
  readonly inbound: Pick<Inbound, 'visit' | 'die' | 'kill'>
  readonly names: Pick<VirtualNames, 'change'>
}

export interface Moment {
  readonly atMs: number
  readonly happen: () => void
}

type Do = Extract<TimelineEntry, { readonly do: unknown }>

/** Those of one entry, in their order. `tell`: what somebody wants of the root. */
export function momentsOf(entry: TimelineEntry, world: Changeable, tell: (entry: Do) => void): readonly Moment[] {
  return 'from' in entry
    ? visitsOf(entry.atMs, entry.from, ({ transport, ...visit }) => world.inbound.visit(transport, visit))
    : // What is for peers was refused with the file.
      [{ atMs: entry.atMs, happen: () => befall(entry as HostEntry, world, tell) }]
}

export function befall(
  entry: HostEntry,
  { ports, network, inbound, names }: Changeable,
  tell: (entry: Do) => void,
): void {
  if ('network' in entry) network.change(entry.network)
  else if ('names' in entry) names.change(entry.names)
  else if ('bindError' in entry) ports.changeBinds(entry.bindError)
  else if ('self' in entry) ports.changeOwn(entry.self)
  else if ('die' in entry) inbound.die(entry.die.listener, entry.die.code)
  else if ('do' in entry) tell(entry)
  else for (const side of [network, inbound]) side.kill(entry.kill.address, entry.kill.how)
}

export type Visitor = Omit<From, 'count' | 'everyMs'>

export function visitsOf(
  atMs: number,
  { count, everyMs, source, ...visitor }: From,
  visit: (visitor: Visitor) => void,
): readonly Moment[] {
  return Array.from({ length: count }, (_, i) => {
    const from = { ...source, port: source.port + i }
    return { atMs: atMs + i * everyMs, happen: () => visit({ ...visitor, source: from }) }
  })
}
