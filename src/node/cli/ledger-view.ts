/**
 * The ledger as a table. On paper nothing is cut: where a line is too narrow, the reasons stand below their rows. On a
 * live screen every row is one line, so what does not fit ends with an ellipsis.
 */
import type { LedgerEntry } from '../../ledger.ts'
import { printable } from '../../printable.ts'
import { durationOf, outcomeOf, reasonOf, targetOf } from '../explain.ts'
import { formatMs } from './duration.ts'
import type { Paint, Style } from './paint.ts'

export interface Sheet {
  readonly width: number
  readonly paint: Paint
}

interface Row {
  readonly number: string
  readonly target: string
  readonly host: string
  readonly outcome: string
  readonly time: string
  readonly why: string
  readonly style: Style
}

const STYLES: Readonly<Record<LedgerEntry['outcome'], Style>> = {
  won: 'green',
  failed: 'red',
  cancelled: 'dim',
  skipped: 'yellow',
  open: 'cyan',
}

const HEAD = { number: '#', target: 'candidate', host: 'of', outcome: 'outcome', time: 'time', why: 'why' }
const GAP = '  '

/** `now`: ms since the root's start, for attempts that still go on. */
function rowOf(entry: LedgerEntry, now: number | undefined): Row {
  const { attempt, candidate, remote, failure, outcome } = entry
  const going = outcome === 'open' && now !== undefined ? now - entry.startedAt : undefined
  const ms = attempt === null ? undefined : (durationOf(entry) ?? going)
  return {
    number: attempt === null ? '-' : String(attempt),
    target: targetOf(candidate, remote),
    host: candidate && candidate.address !== remote.host ? printable(remote.host) : '',
    outcome: outcomeOf(entry),
    time: ms === undefined ? '' : formatMs(ms),
    why: failure ? reasonOf(failure) : '',
    style: STYLES[outcome],
  }
}

/** The whole table, for good. */
export function ledgerLines(entries: readonly LedgerEntry[], sheet: Sheet): string[] {
  const rows = entries.map((entry) => rowOf(entry, undefined))
  const columns = columnsOf(rows)
  const longest = Math.max(0, ...rows.map((row) => row.why.length))
  const beside = columns.total + longest <= sheet.width
  const lines = rows.flatMap((row) => {
    const line = paintRow(row, columns, beside ? row.why : '', sheet.paint)
    return beside || row.why === '' ? [line] : [line, ...below(row.why, columns.number, sheet)]
  })
  return [headLine(columns, beside && longest > 0, sheet.paint), ...lines]
}

/** One line for each entry, none longer than the screen is wide. */
export function liveLines(entries: readonly LedgerEntry[], now: number, { width, paint }: Sheet): string[] {
  const rows = entries.map((entry) => rowOf(entry, now))
  const columns = columnsOf(rows)
  return rows.map((row) => {
    const room = width - columns.total
    // What is cut is cut before it is painted; where not even the columns fit, the line is shown without colours.
    if (room >= 8 || (room >= 0 && row.why === '')) return paintRow(row, columns, cut(row.why, room), paint)
    return cut(
      paintRow(row, columns, row.why, (_, text) => text),
      width,
    )
  })
}

/** At most `width` characters, the last one an ellipsis where something is missing. */
export function cut(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, Math.max(0, width - 1))}…`
}

type Columns = Readonly<Record<'number' | 'target' | 'host' | 'outcome' | 'time' | 'total', number>>

function columnsOf(rows: readonly Row[]): Columns {
  const widest = (name: 'number' | 'target' | 'host' | 'outcome' | 'time') => {
    const least = name === 'host' && rows.every((row) => row.host === '') ? 0 : HEAD[name].length
    return rows.reduce((width, row) => Math.max(width, row[name].length), least)
  }
  const columns = {
    number: Math.max(3, widest('number')),
    target: widest('target'),
    host: widest('host'),
    outcome: widest('outcome'),
    time: Math.max(7, widest('time')),
  }
  const { number, target, host, outcome, time } = columns
  return { ...columns, total: number + target + (host > 0 ? host + 2 : 0) + outcome + time + 4 * GAP.length }
}

function paintRow(row: Row, columns: Columns, why: string, paint: Paint): string {
  const cells = [
    row.number.padStart(columns.number),
    row.target.padEnd(columns.target),
    ...(columns.host > 0 ? [paint('dim', row.host.padEnd(columns.host))] : []),
    paint(row.style, row.outcome.padEnd(columns.outcome)),
    row.time.padStart(columns.time),
    why,
  ]
  return cells.join(GAP).trimEnd()
}

function headLine(columns: Columns, withWhy: boolean, paint: Paint): string {
  const row = { ...HEAD, host: columns.host > 0 ? HEAD.host : '', style: 'dim' } as const
  return paint(
    'dim',
    paintRow(row, columns, withWhy ? HEAD.why : '', (_, text) => text),
  )
}

/** Broken at blanks, behind the column of numbers. */
function below(text: string, indent: number, { width, paint }: Sheet): string[] {
  const margin = ' '.repeat(indent + GAP.length)
  return wrap(text, Math.max(20, width - margin.length)).map((line) => margin + paint('dim', line))
}

/** Breaks at blanks; a longer word stays whole. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const last = lines.at(-1)
    if (last !== undefined && last.length + 1 + word.length <= width) lines[lines.length - 1] = `${last} ${word}`
    else lines.push(word)
  }
  return lines
}
