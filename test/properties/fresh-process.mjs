/**
 * Runs scripts in a process of its own, in plain Node, and prints what came of them: `node fresh-process.mjs BUILD`,
 * where BUILD is the compiled pure ring and scripts come in as JSON on stdin.
 *
 * Clocks, chance and timers of the host throw while the core runs (D2). One thing is XState's own: its scheduler stamps
 * every delayed event with `Date.now()` (`startedAt`, for persisted snapshots, which we do not take). That caller alone
 * gets a time, and a wrong one that differs from process to process, so that it would show if it had any effect.
 */
import crypto from 'node:crypto'
import { readFileSync } from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

const build = process.argv[2] ?? ''
const load = (path) => import(pathToFileURL(join(build, path)).href)
const { runScenario } = await load('src/sim/run-scenario.js')
const { parseScenario } = await load('src/sim/scenario.js')
const { scripts, files } = JSON.parse(readFileSync(0, 'utf8'))

const wrongTime = process.pid * 86_400_000
const trap = (name) => () => {
  throw new Error(`D2: the core called ${name}`)
}

function nowForXState() {
  const caller = new Error('who asks').stack?.split('\n')[2] ?? ''
  if (!/[\\/]xstate[\\/]dist[\\/]/.test(caller)) throw new Error(`D2: the core called Date.now: ${caller.trim()}`)
  return wrongTime
}

class TrappedDate {
  constructor() {
    trap('new Date')()
  }
  static now = nowForXState
}

const TRAPS = [
  [globalThis, 'Date', TrappedDate],
  [Math, 'random', trap('Math.random')],
  [performance, 'now', trap('performance.now')],
  [process, 'hrtime', trap('process.hrtime')],
  [process, 'nextTick', trap('process.nextTick')],
  ...['setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask'].map((name) => [globalThis, name, trap(name)]),
  ...['getRandomValues', 'randomUUID'].map((name) => [globalThis.crypto, name, trap(`crypto.${name}`)]),
  ...['randomBytes', 'randomInt', 'randomUUID', 'randomFillSync'].map((name) => [crypto, name, trap(`crypto.${name}`)]),
]

function trapped(run) {
  const before = TRAPS.map(([on, name]) => [on, name, Object.getOwnPropertyDescriptor(on, name)])
  for (const [on, name, value] of TRAPS) Object.defineProperty(on, name, { value, configurable: true, writable: true })
  syncBuiltinESMExports()
  try {
    return run()
  } finally {
    for (const [on, name, descriptor] of before) {
      if (descriptor) Object.defineProperty(on, name, descriptor)
      else delete on[name]
    }
    syncBuiltinESMExports()
  }
}

const results = trapped(() => [...scripts.map((script) => runScenario(script)), ...files.map(runFile)])
process.stdout.write(JSON.stringify(results))

function runFile(text) {
  const parsed = parseScenario(JSON.parse(text))
  return 'scenario' in parsed ? runScenario(parsed.scenario) : parsed.problems
}
