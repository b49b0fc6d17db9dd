/**
 * Scenario files: a configuration, or two peers', a scripted world and what befalls it, as JSON that both twins run. This
 * file knows the form only. Times are ms since the start.
 *
 * `parseScenario` never throws: it gives a scenario with every default filled in, or everything that is wrong with the
 * file, each with its path.
 */
import { z } from 'zod'
import type { PeerConfig } from '../config/peer-schema.ts'
import type { ClientConfig, Config } from '../config/schema.ts'
import type { ServerConfig } from '../config/server-schema.ts'
import { sentence } from '../config/validate.ts'
import { parseAddress } from '../endpoint.ts'
import { choice, isObject } from './choice.ts'
import { Configuration } from './configuration.ts'
import { Links, Nat, type PeerName } from './link-script.ts'
import { Entry, type TimelineEntry, misplaced } from './timeline.ts'
import { Binds, LIMITS, Ms, Names, Network, Self } from './world-script.ts'

const Seed = z.int().min(0).max(0xffff_ffff)

const everybodys = {
  seed: Seed.default(1),
  names: Names.default({}),
  timeline: z.array(Entry).max(LIMITS.timeline).default([]),
  /** When to look at the outcome; what happens in that instant still counts. */
  untilMs: Ms.default(60_000),
}

const Solo = z
  .strictObject({
    /** The text of a configuration, or the same as an object. */
    config: Configuration,
    ...everybodys,
    network: Network.default({}),
    /** Own addresses; the first of a family is where sockets send from. A family without one has no route. */
    self: Self.default(['198.51.100.254', '2001:db8::fe']),
    binds: Binds.default({}),
    /** What the program does that uses a server; every client is taken, whatever it does. */
    server: z
      .strictObject({
        /** Each datagram is answered with the same bytes, so many times. */
        echo: z.union([z.boolean(), z.int().min(1).max(LIMITS.echoes)]).default(false),
      })
      .optional(),
  })
  .check((context) => {
    const { config, server, timeline } = context.value
    const tell = teller(context)
    if (config.mode === 'p2p') return tell('a peer needs another: write "peers": { "a": ..., "b": ... }', 'config')
    if (server && config.mode === 'client') tell('"server" is for servers', 'server')
    judgeTimeline(timeline, config.mode, tell)
  })

const Peer = z
  .strictObject({
    config: Configuration,
    self: Self.min(1),
    binds: Binds.default({}),
    /** By default the scenario's for `a`, and the next one for `b`. */
    seed: Seed.optional(),
    /** When it is started. */
    startMs: Ms.default(0),
  })
  .check((context) => {
    const { mode } = context.value.config
    if (mode !== 'p2p') teller(context)(`this is a ${mode}'s configuration: peers have "mode p2p"`, 'config')
  })

const Duo = z
  .strictObject({
    ...everybodys,
    peers: z.strictObject({ a: Peer, b: Peer }),
    links: Links.default([]),
    nat: Nat.default({}),
  })
  .check((context) => {
    const { peers, timeline } = context.value
    const tell = teller(context)
    const addressesOf = (name: PeerName) => peers[name].self.map((text) => parseAddress(text)?.address)
    const shared = addressesOf('b').findIndex((address) => addressesOf('a').includes(address))
    if (shared >= 0) tell('this is an address of the other peer, too', 'peers', 'b', 'self', shared)
    judgeTimeline(timeline, 'p2p', tell)
  })

type Tell = (message: string, ...path: readonly PropertyKey[]) => void

const teller =
  ({ issues, value }: z.core.ParsePayload): Tell =>
  (message, ...path) =>
    void issues.push({ code: 'custom', message, path: [...path], input: value })

function judgeTimeline(timeline: readonly TimelineEntry[], mode: Config['mode'], tell: Tell): void {
  for (const [i, entry] of timeline.entries()) {
    const message = misplaced(entry, mode)
    if (message !== undefined) tell(message, 'timeline', i)
  }
  const visitors = timeline.reduce((sum, entry) => sum + ('from' in entry ? entry.from.count : 0), 0)
  if (visitors > LIMITS.visitors) tell(`at most ${LIMITS.visitors} clients and datagrams in all`, 'timeline')
}

export const ScenarioSchema = choice<typeof Solo | typeof Duo>((value) =>
  isObject(value) && 'peers' in value ? Duo : Solo,
)

/** What a file says, and a program may: of a client or a server alone, or of two peers. */
export type ScenarioInput = SoloInput | PeersInput
export type SoloInput = z.input<typeof Solo>
export type PeersInput = z.input<typeof Duo>
export type Scenario = ClientScenario | ServerScenario | PeersScenario
type Alone = z.output<typeof Solo>
export interface ClientScenario extends Alone {
  readonly config: ClientConfig
}
export interface ServerScenario extends Alone {
  readonly config: ServerConfig
}
type Together = z.output<typeof Duo>
export type PeerScript = Omit<Together['peers'][PeerName], 'config'> & { readonly config: PeerConfig }
export interface PeersScenario extends Together {
  readonly peers: Readonly<Record<PeerName, PeerScript>>
}

export const isClients = (scenario: Scenario): scenario is ClientScenario =>
  'config' in scenario && scenario.config.mode === 'client'
export const isServers = (scenario: Scenario): scenario is ServerScenario =>
  'config' in scenario && scenario.config.mode === 'server'
export const isPeers = (scenario: Scenario): scenario is PeersScenario => 'peers' in scenario

export interface Problem {
  /** Such as `timeline[2].kill.how`; empty for the whole file. */
  readonly path: string
  readonly message: string
}

/** Everything that is wrong, or the scenario. Never throws. */
export function parseScenario(
  value: unknown,
): { readonly scenario: Scenario } | { readonly problems: readonly Problem[] } {
  const parsed = ScenarioSchema.safeParse(value)
  if (parsed.success) return { scenario: parsed.data as Scenario }
  return { problems: parsed.error.issues.map((issue) => ({ path: formatPath(issue.path), message: sentence(issue) })) }
}

function formatPath(path: readonly PropertyKey[]): string {
  return path.reduce<string>((whole, key) => {
    if (typeof key === 'number') return `${whole}[${key}]`
    const word = String(key)
    if (!/^[A-Za-z]\w*$/.test(word)) return `${whole}[${JSON.stringify(word)}]`
    return whole === '' ? word : `${whole}.${word}`
  }, '')
}
