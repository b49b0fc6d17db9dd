/** What `sockchart/sim` gives: a virtual network for the machines, and scenarios to run on it. */
export { HeapClock } from './clock.ts'
export { virtualDock } from './dock.ts'
export { Inbound, type OpenGuest, type OpenListener, type Visit } from './inbound.ts'
export { type OpenSocket, VirtualNetwork } from './network.ts'
export { Ports } from './ports.ts'
export { VirtualNames, virtualResolver } from './resolver.ts'
export { type PeerResult, type PeersResult, PeersResultSchema, ResultSchema, type ScenarioResult } from './result.ts'
export { type Host, Internet } from './internet.ts'
export type { PeerSide } from './peer-side.ts'
export { type PeerWorld, peerActors, peerWorld, virtualJunction } from './peer-world.ts'
export type { PeersHooks, PeersRun } from './play-peers.ts'
export type { ClientOptions, ClientRun } from './client-part.ts'
export type { ServerOptions, ServerRun } from './server-part.ts'
export { runScenario, scenarioRunner } from './run-scenario.ts'
export {
  type PeersScenario,
  type Problem,
  type Scenario,
  type ScenarioInput,
  ScenarioSchema,
  parseScenario,
} from './scenario.ts'
export { type VirtualHandle, virtualWire } from './wire.ts'
export { type VirtualWorld, leaksOf, virtualActors, virtualWorld } from './world.ts'
