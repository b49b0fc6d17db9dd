/**
 * The client's invariants on generated scripts of the network. A run that breaks one fails with its number, and shrinks
 * to a smaller script that breaks the same one (D4).
 *
 * The seed is fixed, so that a red run is a change of the code; `SOCKCHART_SEED` and `SOCKCHART_SCHEDULES` go further.
 */
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseScenario } from '../../src/sim/scenario.ts'
import { type InvariantId, brokenBy, invariants } from './invariants.ts'
import { type Observation, observe } from './observe.ts'
import { healing, hopeless, script } from './script.ts'

const seed = Number(process.env['SOCKCHART_SEED'] ?? 20_261_122)
const schedules = Number(process.env['SOCKCHART_SCHEDULES'] ?? 10_000)
const part = (share: number) => ({ seed, numRuns: Math.ceil(schedules * share) })

/** `SOCKCHART_ONLY`: the one invariant that is to be looked at (`break.mjs`). */
const wanted = process.env['SOCKCHART_ONLY']
const only = Object.keys(invariants).find((id) => id === wanted) as InvariantId | undefined

/** Throws for what the run breaks; once something is found, only the same counts, so that shrinking keeps to it. */
function judge() {
  let found = only
  return (seen: Observation) => {
    // L1 is none of those that every run is judged by.
    const broken = wanted && !only ? undefined : brokenBy(seen, found)
    if (!broken) return
    found = broken.id
    throw new Error(`${broken.id}: ${broken.how}`)
  }
}

/** What a set of scripts has to bring about now and then, or the generator has lost its teeth. */
const SOMETIMES = {
  'a confirmed winner': /won$/,
  'an unconfirmed winner': /won unconfirmed$/,
  'a confirmation after several questions': /confirmed after [2-9] sent/,
  'a loser of a race': /cancelled CANCELLED at connect$/,
  'a loss': /lost ECONNRESET at connected$/,
  'a loss after a long life': /round \d+ ended$/,
  'an end by the peer': /lost CLOSED_BY_PEER/,
  'a rejection': /lost REJECTED/,
  'a next while connected': /lost NEXT at connected$/,
  'a next while dialling': /attempt \d+ failed NEXT at/,
  'a next while resolving': /query \d+ failed NEXT at resolve$/,
  'a deadline': /failed TIMEOUT at connect$/,
  'a deadline of a confirmation': /failed TIMEOUT at confirm$/,
  'a refusal of a confirmation': /failed ECONNREFUSED at confirm$/,
  'a look-up that ends by our deadline': /failed RESOLVE_TIMEOUT at resolve$/,
  'a name that does not exist': /failed ENOTFOUND at resolve$/,
  'an answer without the wanted family': /failed ENODATA at resolve$/,
  'a shortage that lasts': /attempt \d+ failed EMFILE at open$/,
  'a bind that fails': /failed EADDRNOTAVAIL at open$/,
  'no route': /failed ENETUNREACH at connect$/,
  'an address that cannot be dialled': /skipped .* BAD_ADDRESS at plan$/,
  'a candidate of the wrong family': /skipped .* LOCAL_FAMILY at plan$/,
  'a mapped address against a forced family': /skipped .* REMOTE_FAMILY at plan$/,
  'too many addresses': /skipped .* TOO_MANY_ADDRESSES at plan$/,
  'a start that no candidate fits': /client failed LOCAL_FAMILY at plan$/,
  'a start that a name fails': /client failed \w+ at resolve$/,
  'an end after all rounds': /client failed EXHAUSTED at plan$/,
  'a pause that has doubled': /after 5 failed$/,
  'a change of the network': /network changed$/,
  'a stop': /client stopped$/,
}

const sometimes = new Set<string>()
const missing = () => Object.entries(SOMETIMES).filter(([what]) => !sometimes.has(what))

function notice({ result: { trace } }: Observation): void {
  for (const [what, line] of missing()) if (trace.some((text) => line.test(text))) sometimes.add(what)
}

test(`${Object.keys(invariants).join(' ')} hold on ${schedules} schedules`, { timeout: 300_000 }, () => {
  const hold = judge()
  fc.assert(
    fc.property(script, fc.boolean(), (scenario, release) => {
      const seen = observe(scenario, release)
      notice(seen)
      hold(seen)
    }),
    part(1),
  )
  if (schedules >= 10_000) expect(missing().map(([what]) => what)).toEqual([])
})

test('L1 once a candidate is good, the client is connected within the bound', { timeout: 60_000 }, () => {
  const hold = judge()
  fc.assert(
    fc.property(healing, ({ scenario, from, bound }) => {
      const seen = observe(scenario, false)
      hold(seen)
      const { connectedBy, failed } = lookAt(seen, from)
      if (connectedBy > from + bound(failed))
        throw new Error(`L1: connected at ${connectedBy}, ${from} + ${bound(failed)} at the latest`)
    }),
    part(0.1),
  )
})

/** When there is a connection at `from` or later, and how many rounds in a row had failed by `from`. */
function lookAt({ notes }: Observation, from: number) {
  let held = false
  let failed = 0
  for (const note of notes) {
    if (note.at > from && held) break
    if (note.type === 'attempt.won' && note.at > from) return { connectedBy: note.at, failed }
    if (note.type === 'attempt.won') held = true
    if (note.type === 'attempt.lost') held = false
    if (note.type === 'round.ended') failed = 0
    if (note.type === 'round.failed' && note.at <= from) failed++
  }
  return { connectedBy: held ? from : Infinity, failed }
}

test('L4 with fixed answers and no winner there are n times N attempts, then one end', { timeout: 60_000 }, () => {
  const hold = judge()
  fc.assert(
    fc.property(hopeless, (scenario) => {
      const seen = observe(scenario, false)
      hold(seen)
      const { notes, result } = seen
      const count = (type: string) => notes.filter((note) => note.type === type).length
      const { connectRetryMax: n } = scenario.config
      const perRound = notes
        .slice(
          0,
          notes.findIndex(({ type }) => type === 'round.failed'),
        )
        .filter(({ type }) => type === 'attempt.started').length
      if (result.failure?.code !== 'EXHAUSTED' && count('round.failed') === 1) return
      if (count('round.failed') !== n || count('attempt.started') !== n * perRound || count('client.failed') !== 1)
        throw new Error(
          `L4: ${count('attempt.started')} attempts in ${count('round.failed')} rounds, ${count('client.failed')} ends`,
        )
    }),
    part(0.1),
  )
})

/** A blackhole is `{}` in a scenario, and a word in its file; a table is neither. */
const emptyTables = (key: string, value: unknown) =>
  value === 'blackhole' && !['tcp', 'udp'].includes(key) ? {} : value

test('every generated script is a scenario file', () => {
  fc.assert(
    fc.property(script, (scenario) => {
      const file = JSON.stringify(scenario)
      const parsed = parseScenario(JSON.parse(file.replaceAll('{}', '"blackhole"'), emptyTables))
      // What the check of a configuration finds (R6) is no business of the generator.
      if ('problems' in parsed) expect(parsed.problems.filter(({ path }) => !path.startsWith('config'))).toEqual([])
      else expect(parsed.scenario).toEqual(JSON.parse(file))
    }),
    { seed, numRuns: 300 },
  )
})
