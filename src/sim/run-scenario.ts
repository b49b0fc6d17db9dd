/**
 * Runs a scenario: a client or a server in a virtual world, its timeline, and what came of it. Thousands a second, each
 * the same every time.
 */
import { clientLogic } from '../../machines/client.ts'
import { serverLogic } from '../../machines/server.ts'
import type { Note } from '../ledger.ts'
import type { ServerNote } from '../roster.ts'
import { type ClientOptions, type ClientRun, clientPart } from './client-part.ts'
import { type Hooks, play } from './play.ts'
import type { ScenarioResult } from './result.ts'
import { type ClientScenario, type Scenario, type ServerScenario, isClients } from './scenario.ts'
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

  function run(scenario: ClientScenario, options?: ClientOptions): ScenarioResult
  function run(scenario: ServerScenario, options?: ServerOptions): ScenarioResult
  function run(scenario: Scenario, hooks?: AnyHooks): ScenarioResult
  function run(scenario: Scenario, options: ClientOptions | ServerOptions = {}): ScenarioResult {
    const outer = world
    world = virtualWorld(scenario)
    try {
      return isClients(scenario)
        ? play(clientPart(client, world, scenario, options as ClientOptions), scenario, options as ClientOptions)
        : play(serverPart(server, world, scenario, options as ServerOptions), scenario, options as ServerOptions)
    } finally {
      world = outer
    }
  }
  return run
}

/** A runner for everybody. */
export const runScenario = scenarioRunner()
