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

type Column = 'number' | 'target' | 'host' | 'outcome' | 'time' | 'why'
type Row = Readonly<Record<Column, string>> & { readonly style: Style }

const STYLES: Readonly<Record<LedgerEntry['outcome'], Style>> = {
  won: 'green',
  failed: 'red',
  cancelled: 'dim',
  skipped: 'yellow',
  open: 'cyan',
}

const HEAD: Row = {
  number: '#',
  target: 'candidate',
  host: 'remote',
  outcome: 'outcome',
  time: 'time',
  why: 'why',
  style: 'dim',
}
const GAP = '  '

function rowOf(entry: LedgerEntry): Row {
  const { attempt, candidate, remote, failure, outcome } = entry
  const ms = attempt === null ? undefined : durationOf(entry)
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
export function ledgerLines(entries: readonly LedgerEntry[], { width, paint }: Sheet): string[] {
  const rows = entries.map(rowOf)
  const hasNames = rows.some((row) => row.host !== '')
  const hasReasons = rows.some((row) => row.why !== '')
  const head = { ...HEAD, host: hasNames ? HEAD.host : '', why: hasReasons ? HEAD.why : '' }
  const table = [head, ...rows]
  const columns = columnsOf(table)
  const beside = columns.total + Math.max(...table.map((row) => row.why.length)) <= width
  return table.flatMap((row) => {
    if (beside) return [paintRow(row, columns, Infinity, paint)]
    const below = row === head || row.why === '' ? [] : belowRow(row.why, columns.number, { width, paint })
    return [paintRow({ ...row, why: '' }, columns, Infinity, paint), ...below]
  })
}

/**
 * One line for each entry, none longer than the screen is wide; where there is no room for the reasons, their codes.
 * `now`: ms since the root's start, for attempts that still go on.
 */
export function liveLines(entries: readonly LedgerEntry[], now: number, { width, paint }: Sheet): string[] {
  const rows = entries.map((entry): Row => {
    const row = { ...rowOf(entry), outcome: briefly(entry) }
    return entry.outcome === 'open' ? { ...row, time: `${((now - entry.startedAt) / 1000).toFixed(1)} s` } : row
  })
  const columns = columnsOf(rows, CALM)
  const beside = columns.total + Math.max(0, ...rows.map((row) => row.why.length)) <= width
  return rows.map((row, i) => {
    const why = beside ? row.why : printable(entries[i]?.failure?.code ?? '')
    return paintRow({ ...row, why }, columns, width, paint)
  })
}

function briefly(entry: LedgerEntry): string {
  if (entry.outcome === 'failed') return entry.failure?.stage === 'connected' ? 'lost' : 'failed'
  return outcomeOf(entry)
}

/** At most `width` characters, the last one an ellipsis where something is missing. */
export function cut(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, Math.max(0, width - 1))}…`
}

type Columns = Readonly<Record<Exclude<Column, 'why'> | 'total', number>>

/** Wide enough for whatever an attempt becomes, so that a live table does not jump. */
const CALM = 'connecting'.length

function columnsOf(rows: readonly Row[], leastOutcome = 0): Columns {
  const widest = (column: Column, least = 0) => rows.reduce((width, row) => Math.max(width, row[column].length), least)
  const columns = {
    number: widest('number', 3),
    target: widest('target'),
    host: widest('host'),
    outcome: widest('outcome', leastOutcome),
    time: widest('time', 7),
  }
  const { number, target, host, outcome, time } = columns
  const gaps = host > 0 ? 5 : 4
  return { ...columns, total: number + target + host + outcome + time + gaps * GAP.length }
}

/** Cut first, painted then: what is not seen has no length. */
function paintRow(row: Row, columns: Columns, width: number, paint: Paint): string {
  const dim = row.style === 'dim' ? 'dim' : undefined
  const cells: readonly (readonly [text: string, style: Style | undefined])[] = [
    [row.number.padStart(columns.number), dim],
    [row.target.padEnd(columns.target), dim],
    ...(columns.host > 0 ? [[row.host.padEnd(columns.host), 'dim'] as const] : []),
    [row.outcome.padEnd(columns.outcome), row.style],
    [row.time.padStart(columns.time), dim],
    [row.why, dim],
  ]
  const full = cells
    .map(([text]) => text)
    .join(GAP)
    .trimEnd()
  const shown = cut(full, width)
  let at = 0
  return cells
    .map(([text, style], i) => {
      const from = i === 0 ? 0 : at + GAP.length
      const gap = shown.slice(at, from)
      at = from + text.length
      const part = shown.slice(from, at)
      return gap + (style ? paint(style, part) : part)
    })
    .join('')
}

/** Broken at blanks, behind the column of numbers. */
function belowRow(text: string, indent: number, { width, paint }: Sheet): string[] {
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
