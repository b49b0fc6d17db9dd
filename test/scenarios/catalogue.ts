/**
 * The scenarios of this folder: `NAME.json` is what both twins run, `NAME.trace` what has to come of it. A trace file
 * begins with a sentence that says what is proved, and the outcome; every line after these is one of the trace.
 */
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { PeersResult, ScenarioResult } from '../../src/sim/result.ts'
import {
  type ClientScenario,
  type PeersScenario,
  type Scenario,
  type ServerScenario,
  isClients,
  isPeers,
  isServers,
  parseScenario,
} from '../../src/sim/scenario.ts'

export interface Catalogued<Kind extends Scenario = Scenario> {
  /** Such as `order/as-returned`; a server's begins with `server/`, a peer's with `peer/`. */
  readonly name: string
  /** The number of the rule or invariant, and what is proved about it. */
  readonly title: string
  readonly scenario: Kind
  /** As `outcomeLine` writes it. */
  readonly outcome: string
  readonly trace: readonly string[]
}

/** Every scenario, by name in alphabetical order. Throws for a file that cannot be used. */
export function everyScenario(): readonly Catalogued[] {
  const folder = import.meta.dirname
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  const names = files.filter((file) => file.endsWith('.json')).map((file) => file.slice(0, -'.json'.length))
  return names.sort().map((name) => {
    const scenario = readScenario(join(folder, `${name}.json`))
    const [title = '', outcome = '', ...trace] = readFileSync(join(folder, `${name}.trace`), 'utf8')
      .trimEnd()
      .split('\n')
    return { name, title: title.slice('# '.length), scenario, outcome: outcome.slice('# '.length), trace }
  })
}

/** Those of clients. */
export const catalogue = () =>
  everyScenario().filter((one): one is Catalogued<ClientScenario> => isClients(one.scenario))

/** Those of servers. */
export const serverCatalogue = () =>
  everyScenario().filter((one): one is Catalogued<ServerScenario> => isServers(one.scenario))

/** Those of peers. */
export const peerCatalogue = () =>
  everyScenario().filter((one): one is Catalogued<PeersScenario> => isPeers(one.scenario))

function readScenario(file: string): Scenario {
  const parsed = parseScenario(JSON.parse(readFileSync(file, 'utf8')))
  if (!('scenario' in parsed)) throw new Error(`${file}: ${JSON.stringify(parsed.problems)}`)
  return parsed.scenario
}

/** What a trace file has after its first line: the outcome, and the trace. */
export function story(result: ScenarioResult | PeersResult): readonly string[] {
  if (!('peers' in result)) return [outcomeLine(result), ...result.trace]
  const sides = Object.entries(result.peers)
  const outcome = sides.map(([name, side]) => `${name} ${outcomeLine(side)}${mailOf(side)}`).join('; ')
  // Of one instant, a's lines come first.
  const lines = sides.flatMap(([name, { trace }]) => trace.map((line) => `${name} ${line}`))
  return [outcome, ...lines.toSorted((one, other) => timeOf(one) - timeOf(other))]
}

const timeOf = (line: string) => Number.parseInt(line.slice(2))

const mailOf = ({ inbox }: PeersResult['peers']['a']) =>
  inbox.map(({ atMs, text, hex }) => `, got ${JSON.stringify(text ?? hex)} at ${atMs}`).join('')

/**
 * `connected at 35 ms by attempt 3`, `failed at 4 ms: EXHAUSTED at plan`, `listening at 0 ms; 2 accepted, 2 live, 1 sent`:
 * of a server's counters those that are not 0.
 */
export function outcomeLine({ outcome, atMs, winner, failure, counters, sent, ...rest }: Scored): string {
  const by = winner ? ` by attempt ${winner.attempt}` : ''
  const why = failure ? `: ${failure.code} at ${failure.stage}` : ''
  const counts = Object.entries({ ...counters, sent: sent ?? 0, strangers: rest.strangers ?? 0 })
  const counted = counts.flatMap(([what, n]) => (n > 0 ? `${n} ${what}` : []))
  return `${outcome} at ${atMs} ms${by}${why}${counted.length > 0 ? `; ${counted.join(', ')}` : ''}`
}

type Scored = Omit<ScenarioResult, 'ledger' | 'listeners' | 'trace'> & { readonly strangers?: number }
