/** Two peers in one virtual world: what befalls them, until nothing more happens or the time is up. */
import type { peerLogic } from '../../machines/peer.ts'
import { type Moment, type Visitor, befall, visitsOf } from './befall.ts'
import { HeapClock } from './clock.ts'
import { Internet } from './internet.ts'
import { PEERS, type PeerName } from './link-script.ts'
import { type PeerHooks, PeerSide } from './peer-side.ts'
import { type PeerWorld, peerWorld } from './peer-world.ts'
import { unfold } from './play.ts'
import { VirtualNames } from './resolver.ts'
import type { PeersResult } from './result.ts'
import type { PeersScenario } from './scenario.ts'
import { visitStream } from './stream.ts'
import type { TimelineEntry } from './timeline.ts'
import { bytesOf, utf8 } from '../utf8.ts'

export type PeersRun = Readonly<Record<PeerName, PeerSide>>

export interface PeersHooks extends PeerHooks {
  /** After the start (0) and after each callback of the clock (1, 2, ...). */
  readonly afterStep?: (index: number, run: PeersRun) => void
}

/** The logic of a peer. `take`: its roots live in that world, until what is returned is called. */
export interface Seat {
  readonly logic: ReturnType<typeof peerLogic>
  readonly take: (world: PeerWorld) => () => void
}

export function playPeers(
  seats: Readonly<Record<PeerName, Seat>>,
  scenario: PeersScenario,
  hooks: PeersHooks,
): PeersResult {
  const { peers, names, links, nat, untilMs, seed } = scenario
  const clock = new HeapClock()
  const internet = new Internet(clock, links, nat)
  const shared = { clock, internet, names: new VirtualNames(names) }
  const bugs: unknown[] = []
  const sideOf = (name: PeerName, index: number) => {
    const script = peers[name]
    const { logic } = seats[name]
    return new PeerSide(
      logic,
      peerWorld(name, script, shared),
      script,
      script.seed ?? (seed + index) >>> 0,
      hooks,
      bugs,
    )
  }
  const run: PeersRun = { a: sideOf('a', 0), b: sideOf('b', 1) }
  const sides = PEERS.map((name) => run[name])
  const leave = PEERS.map((name) => seats[name].take(run[name].world))
  return unfold({
    clock,
    moments: momentsOfPeers(scenario, run, internet),
    untilMs,
    bugs,
    begin: () => beginPeers(scenario, run),
    isOver: () => false,
    afterStep: (index) => hooks.afterStep?.(index, run),
    harvest: () => ({ peers: { a: run.a.harvest(untilMs), b: run.b.harvest(untilMs) } }),
    end: () => {
      for (const side of sides) side.end()
      // What was closed with a root says so in the same instant.
      clock.runUntil(clock.now())
      internet.close()
      for (const leaveOne of leave) leaveOne()
    },
    leaks: () => sides.flatMap((side) => side.leaks()),
  })
}

/** As much of two peers as a scenario acts on, on either twin. */
export type Actors = Readonly<Record<PeerName, Pick<PeerSide, 'world' | 'start' | 'command' | 'send'>>>

const isLate = ({ peers }: PeersScenario, name: PeerName) => peers[name].startMs > 0

/** Starts those that are there from the beginning. */
export function beginPeers(scenario: PeersScenario, run: Actors): void {
  for (const name of PEERS) if (!isLate(scenario, name)) run[name].start()
}

/** What happens after that. */
export function momentsOfPeers(scenario: PeersScenario, run: Actors, internet: Internet): readonly Moment[] {
  const { peers, timeline } = scenario
  const late = PEERS.filter((name) => isLate(scenario, name))
  const starts = late.map((name) => ({ atMs: peers[name].startMs, happen: () => run[name].start() }))
  const script = timeline.flatMap((entry) =>
    'from' in entry
      ? visitsOf(entry.atMs, entry.from, (visitor) => visit(visitor, run, internet))
      : [{ atMs: entry.atMs, happen: () => happen(entry, run, internet) }],
  )
  return [...starts, ...script]
}

function happen(entry: Exclude<TimelineEntry, { from: unknown }>, run: Actors, internet: Internet): void {
  if ('links' in entry) return internet.changeLinks(entry.links)
  if ('nat' in entry) return internet.changeNat(entry.nat)
  if ('send' in entry) return run[entry.send.peer].send(entry.send.text)
  for (const name of PEERS)
    if (!('peer' in entry) || entry.peer === name)
      befall(entry, run[name].world, (order) => run[name].command(order.do))
}

/** A stranger comes, past all links; with nothing to replay it stays away. */
function visit({ replay, hex, ...visitor }: Visitor, run: Actors, internet: Internet): void {
  const { source, to, transport, send = '' } = visitor
  const said = hex === undefined ? utf8(send) : bytesOf(hex)
  const bytes = replay ? internet.sentBy(replay.peer, replay.datagram) : said
  for (const name of PEERS) {
    const { world } = run[name]
    if (transport === 'tcp') visitStream(world, visitor)
    else if (bytes) world.inbound.visit('udp', { source, to, bytes })
  }
}
