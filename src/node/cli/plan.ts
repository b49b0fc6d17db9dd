/** `sockchart plan`: what would be tried, or bound, on paper, with real look-ups. Opens no socket. */
import { randomInt } from 'node:crypto'
import type { Parsed } from '../../config/parse.ts'
import { type Failure, failure } from '../../failure.ts'
import type { Arguments } from './arguments.ts'
import { type Ask, askUntil } from './ask.ts'
import { EXIT, type Io, type ProgramLine, tellProgram, widthOf } from './io.ts'
import { type Sound, isSound, load } from './load.ts'
import { paintFor } from './paint.ts'
import { planClient, planUnknownWays } from './plan-client.ts'
import { planPeer } from './plan-peer.ts'
import { planServer } from './plan-server.ts'
import { countIssues, showIssues, tellIssues } from './report-issues.ts'
import { hearSignals } from './signals.ts'
import type { Sheet } from './table.ts'

/** How many of what there are, and why it could not be done. */
export interface PlanResult {
  readonly outcome: 'planned' | 'failed'
  readonly candidates?: number
  readonly sockets?: number
  readonly seed?: number
  readonly failure?: Failure
}

/** A plan, ready to be told. */
export interface PlanSheet {
  readonly code: number
  /** For a program. */
  readonly records: readonly ProgramLine[]
  readonly result: PlanResult
  /** For a person. */
  readonly linesOf: (sheet: Sheet) => readonly string[]
}

export async function plan(args: Arguments, io: Io): Promise<number> {
  const parsed = load(args)
  if (!isSound(parsed)) return refuse(parsed, args, io)
  const seed = args.options.seed ?? randomInt(2 ** 32)
  const made = await whileRunning(io, (stop) => sheetOf(parsed, seed, askUntil(stop)))
  if (!made) {
    io.stderr.write('interrupted\n')
    return EXIT.interrupted
  }
  if (args.options.json) {
    tellIssues(parsed.issues, io.stdout)
    for (const record of made.records) tellProgram(io.stdout, record)
    tellProgram(io.stdout, { type: 'result', ...made.result })
  } else {
    const { stdout, stderr, env } = io
    showIssues(parsed.issues, stderr, paintFor(stderr, env, args.options))
    const lines = made.linesOf({ width: widthOf(stdout), paint: paintFor(stdout, env, args.options) })
    stdout.write(lines.map((line) => `${line}\n`).join(''))
  }
  return made.code
}

async function sheetOf({ config, unknownPlugins: [unloaded] }: Sound, seed: number, ask: Ask): Promise<PlanSheet> {
  switch (config.mode) {
    case 'client':
      return unloaded ? planUnknownWays(config, seed, unloaded.text) : planClient(config, seed, ask)
    case 'server':
      return planServer(config, ask)
    case 'p2p':
      return planPeer(config, seed, ask)
  }
}

function refuse({ issues }: Parsed, { options }: Arguments, io: Io): number {
  if (options.json) {
    tellIssues(issues, io.stdout)
    const why = failure('CONFIG', 'plan', 'the configuration has errors')
    tellProgram(io.stdout, { type: 'result', outcome: 'failed', failure: why })
  } else {
    showIssues(issues, io.stderr, paintFor(io.stderr, io.env, options))
    io.stderr.write(`${countIssues(issues)}\n`)
  }
  return EXIT.config
}

/** `undefined` when a signal came first. */
async function whileRunning<T>(io: Io, work: (stop: AbortSignal) => Promise<T>): Promise<T | undefined> {
  const stopper = new AbortController()
  const stop = () => stopper.abort()
  const unhear = hearSignals(io, { SIGINT: stop, SIGTERM: stop, SIGHUP: stop })
  try {
    const stopped = new Promise<undefined>((resolve) => {
      stopper.signal.addEventListener('abort', () => resolve(undefined), { once: true })
    })
    return await Promise.race([work(stopper.signal), stopped])
  } finally {
    unhear()
  }
}
