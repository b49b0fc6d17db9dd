/**
 * `sockchart simulate`: a scenario file on the virtual network, in no time. Exit code 0 when it ran and did not fail
 * (connected, stopped, pending), 2 when the client failed, 1 for a file that is no scenario.
 */
import { parseConfig } from '../../config/parse.ts'
import type { Config } from '../../config/schema.ts'
import type { ScenarioResult } from '../../sim/result.ts'
import { runScenario } from '../../sim/run-scenario.ts'
import { type Scenario, parseScenario } from '../../sim/scenario.ts'
import { printable } from '../../printable.ts'
import { namedTargetOf } from '../explain.ts'
import { readTextFile } from '../load-config.ts'
import type { Arguments, Options } from './arguments.ts'
import { formatMs } from './duration.ts'
import { EXIT, type Io, tellProgram, widthOf } from './io.ts'
import { ledgerLines } from './ledger-view.ts'
import { type Paint, paintFor } from './paint.ts'
import { showIssues, tellIssues } from './report-issues.ts'
import { refusal } from './tape.ts'

type Runnable = Scenario & { readonly config: Config }

export function simulate(args: Arguments, io: Io): number {
  const paint = paintFor(io.stdout, io.env, args.options)
  const scenario = read(args, io)
  if (!scenario) {
    if (args.options.json) tellProgram(io.stdout, refusal('the scenario cannot be run'))
    return EXIT.config
  }
  const result = runScenario(scenario)
  if (args.options.json) tellProgram(io.stdout, result)
  else show(result, paint, io)
  return result.outcome === 'failed' ? EXIT.failed : EXIT.done
}

/** `undefined`, and everything that is wrong was said. */
function read({ file = '', options }: Arguments, io: Io): Runnable | undefined {
  const complain = (message: string) => {
    io.stderr.write(
      `${printable(file)}: ${paintFor(io.stderr, io.env, options)('red', 'error:')} ${printable(message)}\n`,
    )
    return undefined
  }
  const source = readTextFile(file)
  if ('problem' in source) return complain(`cannot read this file: ${source.problem}`)
  let value: unknown
  try {
    value = JSON.parse(source.text)
  } catch (error) {
    return complain(`this is no JSON: ${(error as Error).message}`)
  }
  const parsed = parseScenario(value)
  if ('problems' in parsed) {
    for (const { path, message } of parsed.problems) complain(path === '' ? message : `${path}: ${message}`)
    return undefined
  }
  const { scenario } = parsed
  const config = typeof scenario.config === 'string' ? compile(scenario.config, file, options, io) : scenario.config
  if (!config) return undefined
  const { seed = scenario.seed } = options
  return { ...scenario, config, seed }
}

/** The text inside the scenario; its problems have places of their own. */
function compile(text: string, file: string, options: Options, io: Io): Config | undefined {
  const { config, issues } = parseConfig({ text, file: `${file} (config)` }, options)
  if (options.json) tellIssues(issues, io.stdout)
  else showIssues(issues, io.stderr, paintFor(io.stderr, io.env, options))
  return config
}

function show({ trace, ledger, outcome, atMs, winner, failure }: ScenarioResult, paint: Paint, { stdout }: Io): void {
  const say = (line: string) => stdout.write(`${line}\n`)
  for (const line of trace) say(line)
  if (ledger.length > 0) {
    say('')
    for (const line of ledgerLines(ledger, { width: widthOf(stdout), paint })) say(line)
  }
  say('')
  if (winner)
    say(paint('green', `connected to ${namedTargetOf(winner.candidate, winner.remote)} after ${formatMs(atMs)}`))
  else if (failure) say(paint('red', `failed after ${formatMs(atMs)}: ${printable(failure.message)}`))
  else say(`${outcome} after ${formatMs(atMs)}`)
}
