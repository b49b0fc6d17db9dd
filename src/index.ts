/**
 * What `sockchart` exports: the pure core. Read a configuration, judge it, plan it, print it; tell what happened. It
 * opens nothing; `sockchart/node` and `sockchart/sim` do.
 */
export type { Clock, DialerHears, DialerInput, DialerSays, ResolverInput, ResolverSays } from './actors.ts'
export { type PlannedBlock, type PlannedSocket, makeBindPlan } from './bind-plan.ts'
export type { Candidate, Hop, Skip } from './candidate.ts'
export type { Issue } from './config/issue.ts'
export { type ParseOptions, type Parsed, parseConfig } from './config/parse.ts'
export { type PeerConfig, type PeerConfigInput, PeerSchema } from './config/peer-schema.ts'
export { printConfig } from './config/print.ts'
export type { HopMakers } from './config/hop-conflicts.ts'
export { renderIssues } from './config/render.ts'
export {
  type ClientConfig,
  type ClientConfigInput,
  ClientSchema,
  type Config,
  type HopConfig,
  type Remote,
} from './config/schema.ts'
export { type ServerConfig, type ServerConfigInput, ServerSchema } from './config/server-schema.ts'
export { validateConfig } from './config/validate.ts'
export { Vault } from './config/vault.ts'
export type { Exchange, ExchangeFactory } from './confirmation.ts'
export { type Io, contain, ioActor } from './contain.ts'
export { dialerLogic } from './dialer.ts'
export { type Address, type Endpoint, type Family, type Transport, formatEndpoint, parseAddress } from './endpoint.ts'
export type { DockRequest } from './dock.ts'
export type { Failure } from './failure.ts'
export { Junction, type Surroundings, greeterLogic, joinAt, junctionOf } from './junction.ts'
export { type Ledger, type LedgerEntry, type Note, entriesOf } from './ledger.ts'
export { type Plan, makePlan } from './plan.ts'
export type { HopRequest, Negotiator, Progress, Relay, Tools } from './plugins/negotiator.ts'
export type {
  Desk,
  HopLine,
  HopLines,
  HopMaker,
  HopOption,
  HopProblem,
  PluginDirective,
  PluginLine,
  PluginManifest,
  PluginModule,
  PluginOrders,
  PrintedHop,
  ReadySocket,
  ReadySockets,
  SocketPlugin,
  Way,
} from './plugins/plugin.ts'
export type { Roster, RosterEntry, ServerNote } from './roster.ts'
export { traceLine } from './trace.ts'
export type { Wire, WireEvent, WireRequest, WireSocket } from './wire.ts'
