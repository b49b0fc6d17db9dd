/** What came of a scenario, the same from both twins: as data, as JSON of `simulate --json`, validated by zod. */
import { z } from 'zod'
import type { LedgerEntry } from '../ledger.ts'
import type { RosterEntry } from '../roster.ts'

const Family = z.enum(['ipv4', 'ipv6'])
const Transport = z.enum(['tcp', 'udp'])
const Ms = z.int().min(0)
const Port = z.int().min(0).max(65_535)
const Endpoint = z.strictObject({ family: Family, address: z.string(), port: Port })
const Remote = z.strictObject({ index: z.int().min(0), host: z.string(), port: Port })
const Candidate = z.strictObject({ transport: Transport, family: Family, address: z.string(), port: Port })
const Failure = z.strictObject({
  code: z.string(),
  stage: z.enum(['resolve', 'plan', 'open', 'connect', 'negotiate', 'confirm', 'connected', 'bind', 'accept']),
  message: z.string(),
  /** Of a way with hops; the first is 1. */
  hop: z.int().min(1).exactOptional(),
})

const Entry: z.ZodType<LedgerEntry> = z.strictObject({
  attempt: z.int().min(1).nullable(),
  remote: Remote,
  candidate: Candidate.nullable(),
  local: Endpoint.optional(),
  hops: z.array(z.strictObject({ kind: z.string(), host: z.string(), port: Port })),
  startedAt: Ms,
  stages: z.strictObject({
    opened: Ms.exactOptional(),
    connected: Ms.exactOptional(),
    negotiated: Ms.exactOptional(),
    hop: z.int().min(1).exactOptional(),
    confirmed: Ms.exactOptional(),
  }),
  endedAt: Ms.exactOptional(),
  outcome: z.enum(['won', 'failed', 'cancelled', 'skipped', 'open']),
  failure: Failure.exactOptional(),
})

const Listener: z.ZodType<RosterEntry> = z.strictObject({
  listener: z.int().min(1),
  block: z.int().min(0),
  transport: Transport,
  endpoint: Endpoint,
  local: Endpoint.nullable(),
  state: z.enum(['binding', 'bound', 'failed', 'waiting', 'closed']),
  failure: Failure.nullable(),
})

const Count = z.int().min(0)

export const ResultSchema = z.strictObject({
  /** Of a line of JSON only: among the lines of `run` it is the last. */
  type: z.literal('result').exactOptional(),
  /** Of such a line, too: the latest event, ms since the start. */
  at: Ms.exactOptional(),
  /** The first outcome, even if it was lost later. `pending`: none until the scenario's end. */
  outcome: z.enum(['connected', 'listening', 'failed', 'stopped', 'pending']),
  /** When that was, ms since the start. */
  atMs: Ms,
  /** The first winner. */
  winner: z
    .strictObject({ attempt: z.int().min(1), remote: Remote, candidate: Candidate, local: Endpoint.optional() })
    .exactOptional(),
  /** The last finished round and the current one; a server dials nobody. */
  ledger: z.array(Entry).readonly(),
  /** A server's, as they are at the end. */
  listeners: z.array(Listener).readonly().exactOptional(),
  /** A server's clients. */
  counters: z
    .strictObject({ accepted: Count, live: Count, refused: Count, dropped: Count, closed: Count })
    .exactOptional(),
  /** Datagrams that a virtual server has sent. */
  sent: Count.exactOptional(),
  /** Why the root gave up. */
  failure: Failure.exactOptional(),
  /** Everything that happened, a line each; the oldest are dropped from a very long one. */
  trace: z.array(z.string()).readonly(),
})
export type ScenarioResult = z.output<typeof ResultSchema>

const Received = z.strictObject({
  atMs: Ms,
  text: z.string().exactOptional(),
  /** Of what is no text. */
  hex: z.string().exactOptional(),
})
export type Received = z.output<typeof Received>

/** Times are ms since the start of the scenario, whenever a peer was started. */
const PeerResult = ResultSchema.omit({ type: true, at: true, counters: true }).extend({
  /** `listening`: nobody was met, and it can be. */
  outcome: ResultSchema.shape.outcome,
  /** Of its last life, as is the ledger. */
  listeners: z.array(Listener).readonly(),
  /** Datagrams, to whomever. */
  sent: Count,
  /** Datagrams that belonged to nothing that it tried or held. */
  strangers: Count,
  /** What its program has received. */
  inbox: z.array(Received).readonly(),
})
export type PeerResult = z.output<typeof PeerResult>

export const PeersResultSchema = z.strictObject({
  type: z.literal('result').exactOptional(),
  peers: z.strictObject({ a: PeerResult, b: PeerResult }),
})
export type PeersResult = z.output<typeof PeersResultSchema>
