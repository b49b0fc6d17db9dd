/** The plan of a peer (R5): its policy, every socket that it binds for all attempts, and whom it tries or waits for. */
import { type PeerConfig, clientOf, triesNobody } from '../../config/peer-schema.ts'
import { IMPLIED } from '../../config/policy.ts'
import type { Transport } from '../../endpoint.ts'
import { printable } from '../../printable.ts'
import type { Ask } from './ask.ts'
import { formatMs } from './duration.ts'
import { EXIT } from './io.ts'
import { planClient } from './plan-client.ts'
import { planServer } from './plan-server.ts'
import type { PlanResult, PlanSheet } from './plan.ts'
import { type Sheet, belowRow, sentenceLines } from './table.ts'

export async function planPeer(config: PeerConfig, seed: number, ask: Ask): Promise<PlanSheet> {
  const { listen, bindPolicy, resolveTimeout, remotes } = config
  const block = listen && { listen: [listen], bindPolicy, multihome: false, resolveTimeout }
  const bound = block && (await planServer(block, ask, () => 'bound for all attempts'))
  const walk = triesNobody(config) ? undefined : await planClient(clientOf(config, remotes), seed, ask)
  const parts = [bound, walk].filter((part) => part !== undefined)
  return {
    code: parts.find(({ code }) => code !== EXIT.done)?.code ?? EXIT.done,
    records: [{ type: 'policy', ...policyRecord(config) }, ...parts.flatMap(({ records }) => records)],
    result: parts.map(({ result }) => result).reduce(both),
    linesOf: (sheet) => [
      ...policyLines(config, sheet),
      ...parts.flatMap(({ linesOf }) => ['', ...linesOf(sheet)]),
      ...(walk ? [] : ['', ...waitingLines(config, sheet)]),
      ...keepingLines(config, sheet),
    ],
  }
}

/** What could not be bound is told before what could not be found. */
const both = (bound: PlanResult, walk: PlanResult): PlanResult => {
  const failed = bound.failure ? bound : walk
  return { ...bound, ...walk, outcome: failed.outcome, ...(failed.failure && { failure: failed.failure }) }
}

// --- the policy ---

/** The words of `proto` that imply it; none: "p2p-sockets" says so. */
function wordsFor({ sockets, waits, listen, remotes }: PeerConfig): string[] {
  const transports = new Set<Transport>(listen ? [listen.proto] : remotes.map(({ proto }) => proto))
  const words = Object.entries(IMPLIED).filter(([, implied]) => implied.sockets === sockets && implied.waits === waits)
  return words.map(([word]) => word).filter((word) => transports.has(word.slice(0, 3) as Transport))
}

function policyRecord(config: PeerConfig) {
  const { sockets, float, keepalive, remotes } = config
  const from = remotes.map(({ host, port, proto }) => ({ host, port, proto }))
  const implied = wordsFor(config)
  return { sockets, implied, waits: triesNobody(config), float, keepalive, ...(triesNobody(config) && { from }) }
}

function policyLines(config: PeerConfig, sheet: Sheet): string[] {
  const words = wordsFor(config).map((word) => `"proto ${word}"`)
  const why = words.length > 0 ? `implied by ${words.join(' and ')}` : 'as "p2p-sockets" says'
  return [
    ...sentenceLines([`policy ${config.sockets}, ${why}`, 'bold'], sheet),
    ...belowRow(POLICIES[policyOf(config)], NUMBER, sheet),
  ]
}

/** Columns of the numbers. */
const NUMBER = 3

const policyOf = ({ sockets, waits }: PeerConfig) => (sockets !== 'roles' ? sockets : waits ? 'waits' : 'dials')

const POLICIES = {
  all: 'every socket is bound; each candidate is tried from the one of its family, and heard on any',
  pinned: 'one local and one remote address, nothing else is tried',
  waits: 'every socket is bound, nobody is tried: it answers who comes',
  dials: 'only the socket of the candidate that is tried is open',
}

// --- the others ---

function waitingLines(config: PeerConfig, sheet: Sheet): string[] {
  const { remotes, connectTimeout } = config
  const places = remotes.map(({ host, port, proto }) => `${printable(host)}${proto === 'udp' ? ` port ${port}` : ''}`)
  return [
    ...sentenceLines([`waits for ${welcomeOf(config)}`, 'bold'], sheet),
    ...belowRow(`${formatMs(connectTimeout)} for each attempt to meet it`, NUMBER, sheet),
    ...places.flatMap((place, i) => `${String(i + 1).padStart(NUMBER)}  ${place}`),
  ]
}

function welcomeOf({ remotes, float, confirm }: PeerConfig): string {
  const does = confirm === 'none' ? 'sends something' : 'confirms'
  if (remotes.length === 0) return `the first that ${does}`
  return float ? `the first that ${does}, wherever it is ("float")` : `the first of these that ${does}`
}

/** What becomes of a connection; nothing is told of what is not configured. */
function keepingLines({ float, keepalive: { ping, restart } }: PeerConfig, sheet: Sheet): string[] {
  const kept = [
    ...(ping === undefined ? [] : [`something is sent every ${formatMs(ping)}`]),
    ...(restart === undefined ? [] : [`lost after ${formatMs(restart)} without a word`]),
    ...(float ? ['the peer may move ("float")'] : []),
  ]
  return kept.length > 0 ? sentenceLines([`once connected: ${kept.join('; ')}`], sheet) : []
}
