/**
 * Runs scenarios with the package that is installed beside this file, once it was copied there, in plain Node: scenario
 * files come in as JSON on stdin, `{ build, exports, results }` goes out. `build`: the file of XState that was loaded.
 */
import { readFileSync } from 'node:fs'
import * as core from 'sockchart'
import * as machines from 'sockchart/machines'
import * as node from 'sockchart/node'
import * as sim from 'sockchart/sim'

const runText = (text) => {
  const parsed = sim.parseScenario(JSON.parse(text))
  return 'scenario' in parsed ? sim.runScenario(parsed.scenario) : parsed
}

const entries = { core, machines, node, sim }
const names = Object.entries(entries).map(([entry, exported]) => [entry, Object.keys(exported).toSorted()])
process.stdout.write(
  JSON.stringify({
    build: import.meta.resolve('xstate').split('/').at(-1),
    exports: Object.fromEntries(names),
    results: JSON.parse(readFileSync(0, 'utf8')).map(runText),
  }),
)
