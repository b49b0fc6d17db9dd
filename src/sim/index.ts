/** What `sockchart/sim` gives: a virtual network for the machines, and scenarios to run on it. */
export { HeapClock } from './clock.ts'
export { type OpenSocket, VirtualNetwork } from './network.ts'
export { VirtualNames, virtualResolver } from './resolver.ts'
export { ResultSchema, type ScenarioResult } from './result.ts'
export { type Run, type RunOptions, runScenario, scenarioRunner } from './run-scenario.ts'
export { type Problem, type Scenario, type ScenarioInput, ScenarioSchema, parseScenario } from './scenario.ts'
export { type VirtualHandle, virtualWire } from './wire.ts'
export { type VirtualWorld, leaksOf, virtualActors, virtualWorld } from './world.ts'
