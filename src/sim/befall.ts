/** What a timeline does to a world, and when. What it tells the root is the runner's business. */
import type { From, TimelineEntry } from './scenario.ts'
import type { VirtualWorld } from './world.ts'

export interface Moment {
  readonly atMs: number
  readonly happen: () => void
}

type Do = Extract<TimelineEntry, { readonly do: unknown }>

/** Those of one entry, in their order. `tell`: what somebody wants of the root. */
export function momentsOf(entry: TimelineEntry, world: VirtualWorld, tell: (entry: Do) => void): readonly Moment[] {
  return 'from' in entry
    ? visitsOf(entry.atMs, entry.from, world)
    : [{ atMs: entry.atMs, happen: () => befall(entry, world, tell) }]
}

type Once = Exclude<TimelineEntry, { readonly from: unknown }>

function befall(entry: Once, { ports, network, inbound, names }: VirtualWorld, tell: (entry: Do) => void): void {
  if ('network' in entry) network.change(entry.network)
  else if ('names' in entry) names.change(entry.names)
  else if ('bindError' in entry) ports.changeBinds(entry.bindError)
  else if ('self' in entry) ports.changeOwn(entry.self)
  else if ('die' in entry) inbound.die(entry.die.listener, entry.die.code)
  else if ('do' in entry) tell(entry)
  else for (const side of [network, inbound]) side.kill(entry.kill.address, entry.kill.how)
}

function visitsOf(atMs: number, from: From, { inbound }: VirtualWorld): readonly Moment[] {
  const { source, transport, count, everyMs, ...visit } = from
  return Array.from({ length: count }, (_, i) => ({
    atMs: atMs + i * everyMs,
    happen: () => inbound.visit(transport, { ...visit, source: { ...source, port: source.port + i } }),
  }))
}
