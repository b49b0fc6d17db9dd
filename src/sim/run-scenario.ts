/**
 * Runs a scenario: a client, a server or two peers in a virtual world, its timeline, and what came of it. Thousands a
 * second, each the same every time.
 */
import { clientLogic } from '../../machines/client.ts'
import { peerLogic } from '../../machines/peer.ts'
import { serverLogic } from '../../machines/server.ts'
import type { Note } from '../ledger.ts'
import type { ServerNote } from '../roster.ts'
import { momentsOf } from './befall.ts'
import { type ClientOptions, type ClientRun, clientPart } from './client-part.ts'
import { type PeerWorld, peerActors } from './peer-world.ts'
import { type PeersHooks, type Seat, playPeers } from './play-peers.ts'
import { type Hooks, type Run, play } from './play.ts'
import type { PeersResult, ScenarioResult } from './result.ts'
import {
  type ClientScenario,
  type PeersScenario,
  type Scenario,
  type ServerScenario,
  isClients,
  isPeers,
} from './scenario.ts'
import { type ServerOptions, type ServerRun, serverPart } from './server-part.ts'
import { type VirtualWorld, virtualActors, virtualWorld } from './world.ts'

/** Hooks that do not care whose scenario it is. */
type AnyHooks = Hooks<Note | ServerNote, ClientRun | ServerRun>

/**
 * Makes a runner of scenarios. It runs one at a time (a hook may run another one in between), and throws for bugs of
 * our own (or the hook's) only: what a machine threw, a loop that takes no time, a leak.
 */
export function scenarioRunner() {
  let world: VirtualWorld
  const actors = virtualActors(() => world)
  const client = clientLogic(actors)
  const server = serverLogic(actors)
  const seats = { a: newSeat(), b: newSeat() }

  function run(scenario: ClientScenario, options?: ClientOptions): ScenarioResult
  function run(scenario: ServerScenario, options?: ServerOptions): ScenarioResult
  function run(scenario: ClientScenario | ServerScenario, hooks?: AnyHooks): ScenarioResult
  function run(scenario: PeersScenario, hooks?: PeersHooks): PeersResult
  function run(scenario: Scenario): ScenarioResult | PeersResult
  function run(scenario: Scenario, options: object = {}): ScenarioResult | PeersResult {
    if (isPeers(scenario)) return playPeers(seats, scenario, options)
    const outer = world
    world = virtualWorld(scenario)
    try {
      if (!isClients(scenario)) {
        const part = serverPart(server, world, scenario, options)
        return play(part, scriptOf(scenario, part.run), options)
      }
      const part = clientPart(client, world, scenario, options)
      return play(part, scriptOf(scenario, part.run), options)
    } finally {
      world = outer
    }
  }
  return run
}

function newSeat(): Seat {
  let world: PeerWorld
  const take = (next: PeerWorld) => {
    const outer = world
    world = next
    return () => void (world = outer)
  }
  return { logic: peerLogic(peerActors(() => world)), take }
}

function scriptOf({ timeline, untilMs }: ClientScenario | ServerScenario, { world, command }: Run) {
  const moments = timeline.flatMap((entry) =>
    momentsOf(entry, world, ({ do: order, graceMs }) => command(order, graceMs)),
  )
  return { moments, untilMs }
}

/** A runner for everybody. */
export const runScenario = scenarioRunner()
