/**
 * `sockchart simulate`: a scenario file on the virtual network, in no time. Exit code 0 when it ran and did not fail
 * (connected, listening, stopped, pending), 2 when the client or the server failed, 1 for a file that is no scenario.
 */
import { printable } from '../../printable.ts'
import type { PeerResult, PeersResult, ScenarioResult } from '../../sim/result.ts'
import { runScenario } from '../../sim/run-scenario.ts'
import { type Scenario, parseScenario } from '../../sim/scenario.ts'
import { readTextFile, titleOf } from '../load-config.ts'
import type { Arguments } from './arguments.ts'
import { formatMs } from './duration.ts'
import { EXIT, type Io, tellProgram, widthOf } from './io.ts'
import type { Verdict } from './life.ts'
import { type Paint, type Style, paintFor } from './paint.ts'
import { resultLines } from './result-view.ts'
import { type Sheet, sentenceLines, wrap } from './table.ts'
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

function show(result: ScenarioResult, paint: Paint, { stdout }: Io): void {
  const sheet = { width: widthOf(stdout), paint }
  const trace = result.trace.flatMap((line) => momentLines({ ...readTrace(line), whose: '' }, sheet))
  for (const line of [...trace, ...outcomeLines(result, sheet)]) stdout.write(`${line}\n`)
}

/** What happened on both sides in the order of time, then what became of each. */
function showPeers({ peers }: PeersResult, paint: Paint, { stdout }: Io): void {
  const sheet = { width: widthOf(stdout), paint }
  const sides = Object.entries(peers)
  const moments = sides.flatMap(([name, peer]) => momentsOf(peer).map((moment) => ({ ...moment, whose: `${name}  ` })))
  const lines = [
    ...moments.toSorted((one, other) => one.at - other.at).flatMap((moment) => momentLines(moment, sheet)),
    ...sides.flatMap(([name, peer]) => ['', paint('bold', `peer ${name}`), ...peerLines(peer, sheet)]),
  ]
  for (const line of lines) stdout.write(`${line}\n`)
}

function peerLines(peer: PeerResult, sheet: Sheet): string[] {
  const { strangers } = peer
  const unasked = `${strangers === 1 ? 'one datagram' : `${strangers} datagrams`} came that belonged to no attempt`
  return [...outcomeLines(peer, sheet).slice(1), ...(strangers > 0 ? sentenceLines([unasked], sheet) : [])]
}

/** The tables, and how it went; a blank line before each. */
function outcomeLines(result: ScenarioResult, sheet: Sheet): string[] {
  const tables = resultLines(result, sheet)
  return [...(tables.length > 0 ? ['', ...tables] : []), '', ...sentenceLines(verdictOf(result), sheet)]
}

interface Moment {
  readonly at: number
  readonly what: string
  readonly style?: Style
}

const readTrace = (line: string): Moment => {
  const [, at = '', what = ''] = /^ *(\d+) (.*)$/s.exec(line) ?? []
  return { at: Number(at), what }
}

/** What its machine told, and what its program was given. */
function momentsOf({ trace, inbox }: PeerResult): Moment[] {
  const received = inbox.map(({ atMs, text, hex = '' }): Moment => {
    const what = text === undefined ? `received ${hex.length / 2} bytes` : `received "${printable(text)}"`
    return { at: atMs, what, style: 'green' }
  })
  return [...trace.map(readTrace), ...received]
}

/** Columns of the times. */
const TIMES = 7

/** What a narrow screen breaks goes on behind the column of times. */
function momentLines(
  { at, whose, what, style }: Moment & { readonly whose: string },
  { width, paint }: Sheet,
): string[] {
  const time = `${String(at).padStart(TIMES)} ${whose}`
  const lines = wrap(what, Math.max(20, width - time.length)).map((part) => (style ? paint(style, part) : part))
  return lines.map((part, i) => (i === 0 ? time : ' '.repeat(time.length)) + part)
}

function verdictOf({ outcome, atMs, winner, failure, ledger, trace }: ScenarioResult): Verdict {
  if (winner) return [winnerLine({ winner, atMs, ledger, trace }), 'green']
  if (failure) return [`failed after ${formatMs(atMs)}: ${printable(failure.message)}`, 'red']
  return [`${outcome} after ${formatMs(atMs)}`]
}
