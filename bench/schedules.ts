// How many client schedules the virtual network runs on one core: medians of 5 rounds, traces, leak checks and invariants
// on. `npm run bench`; the figures of README.md and bench/README.md come from here.
import * as fc from 'fast-check'
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { type ClientScenario, isClients, parseScenario } from '../src/sim/scenario.ts'
import { invariants } from '../test/properties/invariants.ts'
import { observe } from '../test/properties/observe.ts'
import { roundsOf } from '../test/properties/rounds.ts'
import { script } from '../test/properties/script.ts'
import { cpuEach } from './cpu-each.ts'
import { median } from './median.ts'

const ROUNDS = 5
const GENERATED = 1_500

const folder = join(process.cwd(), 'test', 'scenarios')
const catalogue = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.json'))
  .map((file) => parseScenario(JSON.parse(readFileSync(join(folder, file), 'utf8'))))
  .flatMap((parsed) => ('scenario' in parsed && isClients(parsed.scenario) ? [parsed.scenario] : []))
  // Ways over hops have several sockets for one attempt, and invariants of their own (`test/properties/hops.test.ts`).
  .filter(({ config }) => config.remotes.every(({ hops }) => hops.length === 0))
const generated = fc.sample(script, { seed: 1, numRuns: GENERATED })

/** One schedule with its trace, its leak checks, and every invariant but those that run it again (D1, MODEL). */
function play(scenario: ClientScenario): void {
  const seen = observe(scenario, false)
  const rounds = roundsOf(seen.notes, scenario)
  for (const [id, holds] of Object.entries(invariants)) {
    const broken = id === 'D1' || id === 'MODEL' ? undefined : holds(seen, rounds)
    if (broken !== undefined) throw new Error(`${id}: ${broken}`)
  }
}

const perSecond = async (scenarios: readonly ClientScenario[], times: number) => {
  let next = 0
  return (
    1e6 / (await cpuEach(scenarios.length * times, () => play(scenarios[next++ % scenarios.length] as ClientScenario)))
  )
}

const files: number[] = []
const scripts: number[] = []

// V8 needs some 10,000 schedules to be done with the machines; the tests run more than that.
await perSecond(catalogue, 60)
await perSecond(generated, 3)
for (let round = 0; round < ROUNDS; round++) {
  files.push(await perSecond(catalogue, 10))
  scripts.push(await perSecond(generated, 1))
}

const rows = [
  [`schedules per CPU second, ${catalogue.length} scenario files`, files],
  [`schedules per CPU second, ${GENERATED} generated scripts`, scripts],
] as const
for (const [what, figures] of rows)
  console.log(what.padEnd(52), median(figures).toFixed(0).padStart(12), '>= 1500'.padStart(10))
