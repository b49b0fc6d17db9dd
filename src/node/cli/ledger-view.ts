/**
 * The ledger as a table. On paper nothing is cut: where a line is too narrow, the reasons stand below their rows. A live
 * screen has as many lines for each row, so what does not fit ends with an ellipsis.
 */
import type { LedgerEntry } from '../../ledger.ts'
import { printable } from '../../printable.ts'
import { durationOf, hopOf, outcomeOf, reasonOf, stopOf, targetOf, wayOf } from '../explain.ts'
import { formatMs } from './duration.ts'
import type { Style } from './paint.ts'
import { type Cell, GAP, type Sheet, belowRow, isCell, longest, paintCells } from './table.ts'

type Column = 'number' | 'target' | 'host' | 'outcome' | 'time' | 'why'
/** `brief`: the host, where there is no room for the way to it. */
type Row = Readonly<Record<Column | 'brief', string>> & { readonly style: Style }

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
  brief: 'remote',
  outcome: 'outcome',
  time: 'time',
  why: 'why',
  style: 'dim',
}

function rowOf(entry: LedgerEntry): Row {
  const { attempt, candidate, remote, hops, failure, outcome } = entry
  const ms = attempt === null ? undefined : durationOf(entry)
  const end = hops.at(-1)
  const name = candidate && candidate.address !== remote.host ? printable(remote.host) : ''
  return {
    number: attempt === null ? '-' : String(attempt),
    target: targetOf(candidate, remote),
    host: end ? wayOf(hops) : name,
    brief: end ? stopOf(end) : name,
    outcome: outcomeOf(entry),
    time: ms === undefined ? '' : formatMs(ms),
    why: failure ? reasonOf(failure) : '',
    style: STYLES[outcome],
  }
}

/** The whole table, for good. Where the screen is too narrow for it, the names go below their rows, then all the rest. */
export function ledgerLines(entries: readonly LedgerEntry[], { width, paint }: Sheet): string[] {
  const rows = entries.map(rowOf)
  const hasNames = rows.some((row) => row.host !== '')
  const hasReasons = rows.some((row) => row.why !== '')
  const head = { ...HEAD, host: hasNames ? HEAD.host : '', why: hasReasons ? HEAD.why : '' }
  const table = [head, ...rows]
  const whole = columnsOf(table)
  const columns = whole.total <= width ? whole : withoutHost(whole)
  if (columns.total > width) return rows.flatMap((row) => stacked(row, columns.number, { width, paint }))
  const beside = whole.total + GAP.length + longest(table.map(({ why }) => why)) <= width
  return table.flatMap((row) => {
    if (beside) return [paintCells(cellsOf(row, columns), Infinity, paint)]
    const told = [columns === whole ? '' : row.host, row.why].filter((text) => text !== '').join(': ')
    const below = row === head ? [] : belowRow(told, columns.number, { width, paint })
    return [paintCells(cellsOf({ ...row, why: '' }, columns), Infinity, paint), ...below]
  })
}

/** An entry where nothing fits beside anything: the candidate, what became of it, why. */
function stacked(row: Row, indent: number, sheet: Sheet): string[] {
  const fate = [row.outcome, row.time].filter((text) => text !== '').join(', ')
  const told = [row.host, row.why].filter((text) => text !== '').join(': ')
  return [
    `${row.number.padStart(indent)}${GAP}${row.target}`,
    ...belowRow(fate, indent, sheet, row.style),
    ...belowRow(told, indent, sheet),
  ]
}

/**
 * The lines of each entry, as many for one as for the other and none longer than the screen is wide: one, or two or three
 * on a narrow screen. Where there is no room for the reasons, their codes; where there is none for the ways either, their
 * ends; where there is none for names, no names.
 * `now`: ms since the root's start, for attempts that still go on.
 */
export function liveLines(entries: readonly LedgerEntry[], now: number, { width, paint }: Sheet): string[][] {
  const rows = entries.map((entry): Row => {
    const row = { ...rowOf(entry), outcome: briefly(entry, width) }
    return entry.outcome === 'open' ? { ...row, time: `${((now - entry.startedAt) / 1000).toFixed(1)} s` } : row
  })
  const codes = entries.map(({ failure }) => printable(failure?.code ?? ''))
  const fits = (columns: Columns, reasons: readonly string[]) =>
    columns.total + GAP.length + longest(reasons, CALM_CODE) <= width
  const least = calmFor(entries, width)
  const leadOn = entries.some(({ hops }) => hops.length > 0)
  const whole = columnsOf(rows, least)
  const reasons = rows.map(({ why }) => why)
  const beside = fits(whole, reasons)
  const shown = fits(whole, codes) ? rows : rows.map((row) => ({ ...row, host: row.brief }))
  const wanted = columnsOf(shown, least)
  const columns = fits(wanted, codes) || leadOn ? wanted : withoutHost(wanted)
  const isStacked = !fits(columns, codes)
  const { number: indent, target: first, host: second } = columns
  const isApart = second > 0 && indent + first + second + 2 * GAP.length > width
  return shown.map((row, i) => {
    const cells = cellsOf({ ...row, why: (beside ? reasons : codes)[i] ?? '' }, columns)
    if (!isStacked) return [paintCells(cells, width, paint)]
    const margin = [' '.repeat(indent), undefined] as const
    const [number, target] = cells
    const end = cells.slice(2, second > 0 ? 3 : 2)
    const fate = [margin, ...cells.slice(second > 0 ? 3 : 2)]
    const lines = isApart ? [[number, target], [margin, ...end], fate] : [[number, target, ...end], fate]
    return lines.map((line) => paintCells(line.filter(isCell), width, paint))
  })
}

function briefly(entry: LedgerEntry, width: number): string {
  const { outcome, failure, hops } = entry
  const hop = hopOf(entry)
  if (hop !== undefined && hops.length > 2 && !isBroad(width)) return `at hop ${hop}`
  if (outcome !== 'failed') return outcomeOf(entry)
  if (failure?.stage === 'connected') return 'lost'
  return failure?.hop !== undefined && hops.length > 2 ? `hop ${failure.hop} failed` : 'failed'
}

type Columns = Readonly<Record<Exclude<Column, 'why'> | 'total', number>>

/** Wide enough for whatever an attempt becomes, so that a live table does not jump. */
function calmFor(entries: readonly LedgerEntry[], width: number): number {
  const longestWay = Math.max(0, ...entries.map(({ hops }) => hops.length - 1))
  const words = ['connecting', 'negotiating', isBroad(width) ? WITH_HOP : 'hop 1 failed'] as const
  return (words[Math.min(2, longestWay)] as string).length
}

const WITH_HOP = 'negotiating with hop 1'
const CALM_NUMBER = 3
const CALM_TIME = 7
const CALM_CODE = 'ECONNREFUSED'.length
/** There is room for all words about an attempt on a line of their own. */
const isBroad = (width: number) => width >= CALM_NUMBER + WITH_HOP.length + CALM_TIME + CALM_CODE + 3 * GAP.length

function columnsOf(rows: readonly Row[], leastOutcome = 0): Columns {
  const widest = (column: Column, least = 0) =>
    longest(
      rows.map((row) => row[column]),
      least,
    )
  return summed({
    number: widest('number', CALM_NUMBER),
    target: widest('target'),
    host: widest('host'),
    outcome: widest('outcome', leastOutcome),
    time: widest('time', CALM_TIME),
  })
}

const withoutHost = (columns: Columns): Columns => summed({ ...columns, host: 0 })

/** `total`: with the gaps between them, before that of the reasons. */
function summed({ number, target, host, outcome, time }: Omit<Columns, 'total'>): Columns {
  const gaps = host > 0 ? 4 : 3
  const total = number + target + host + outcome + time + gaps * GAP.length
  return { number, target, host, outcome, time, total }
}

function cellsOf(row: Row, columns: Columns): Cell[] {
  const dim = row.style === 'dim' ? 'dim' : undefined
  return [
    [row.number.padStart(columns.number), dim],
    [row.target.padEnd(columns.target), dim],
    ...(columns.host > 0 ? [[row.host.padEnd(columns.host), 'dim'] as const] : []),
    [row.outcome.padEnd(columns.outcome), row.style],
    [row.time.padStart(columns.time), dim],
    [row.why, dim],
  ]
}
