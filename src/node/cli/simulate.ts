/**
 * `sockchart simulate`: a scenario file on the virtual network, in no time. Exit code 0 when it ran and did not fail
 * (connected, listening, stopped, pending), 2 when the client or the server failed, 1 for a file that is no scenario.
 */
import { printable } from '../../printable.ts'
import type { PeersResult, ScenarioResult } from '../../sim/result.ts'
import { runScenario } from '../../sim/run-scenario.ts'
import { type Scenario, parseScenario } from '../../sim/scenario.ts'
import { readTextFile, titleOf } from '../load-config.ts'
import type { Arguments } from './arguments.ts'
import { formatMs } from './duration.ts'
import { EXIT, type Io, tellProgram, widthOf } from './io.ts'
import type { Verdict } from './life.ts'
import { type Paint, paintFor } from './paint.ts'
import { resultLines } from './result-view.ts'
import { sentenceLines, wrap } from './table.ts'
import { refusal } from './tape.ts'
import { winnerLine } from './winner-line.ts'

export function simulate({ file = '', options }: Arguments, io: Io): number {
  const read = readScenario(file)
  if ('problems' in read) {
    const error = paintFor(io.stderr, io.env, options)('red', 'error:')
    for (const problem of read.problems)
      io.stderr.write(`${printable(titleOf(file))}: ${error} ${printable(problem)}\n`)
    if (options.json) tellProgram(io.stdout, { type: 'result', ...refusal(read.problems.join('; ')) })
    return EXIT.config
  }
  const { seed = read.scenario.seed } = options
  const result = runScenario({ ...read.scenario, seed })
  if (options.json) tellProgram(io.stdout, { type: 'result', ...result })
  else if ('peers' in result) showPeers(result, paintFor(io.stdout, io.env, options), io)
  else show(result, paintFor(io.stdout, io.env, options), io)
  const all = 'peers' in result ? Object.values(result.peers) : [result]
  return all.some(({ outcome }) => outcome === 'failed') ? EXIT.failed : EXIT.done
}

/** The scenario, or everything that is wrong with the file. */
function readScenario(file: string): { readonly scenario: Scenario } | { readonly problems: readonly string[] } {
  const source = readTextFile(file, { pipes: true })
  if ('problem' in source) return { problems: [`cannot read this file: ${source.problem}`] }
  let value: unknown
  try {
    value = JSON.parse(source.text)
  } catch (error) {
    return { problems: [`this is no JSON: ${(error as Error).message}`] }
  }
  const parsed = parseScenario(value)
  if ('scenario' in parsed) return parsed
  return { problems: parsed.problems.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`)) }
}

function showPeers({ peers }: PeersResult, paint: Paint, io: Io): void {
  for (const [name, result] of Object.entries(peers)) {
    io.stdout.write(`${paint('bold', `peer ${name}`)}\n`)
    show(result, paint, io)
  }
}

function show(result: ScenarioResult, paint: Paint, { stdout }: Io): void {
  const sheet = { width: widthOf(stdout), paint }
  const table = resultLines(result, sheet)
  const between = table.length > 0 ? ['', ...table] : []
  const trace = result.trace.flatMap((line) => traceLines(line, sheet.width))
  for (const line of [...trace, ...between, '', ...sentenceLines(verdictOf(result), sheet)]) stdout.write(`${line}\n`)
}

/** What a narrow screen breaks goes on behind the column of times. */
function traceLines(line: string, width: number): string[] {
  const [time, what] = [line.slice(0, TIMES), line.slice(TIMES)]
  return wrap(what, Math.max(20, width - TIMES)).map((part, i) => (i === 0 ? time : ' '.repeat(TIMES)) + part)
}

/** Columns of a trace line before it says what happened. */
const TIMES = 8

function verdictOf({ outcome, atMs, winner, failure, trace }: ScenarioResult): Verdict {
  if (winner) return [winnerLine({ winner, atMs, trace }), 'green']
  if (failure) return [`failed after ${formatMs(atMs)}: ${printable(failure.message)}`, 'red']
  return [`${outcome} after ${formatMs(atMs)}`]
}
