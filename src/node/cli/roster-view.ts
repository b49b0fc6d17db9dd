/**
 * The listeners of a server as a table, and its clients as a line. On paper nothing is cut: where a line is too narrow,
 * the reasons stand below their rows. A live row is one line, with what matters most at its beginning.
 */
import { formatEndpoint } from '../../endpoint.ts'
import type { Failure } from '../../failure.ts'
import type { Roster, RosterEntry } from '../../roster.ts'
import { printable } from '../../printable.ts'
import { reasonOf } from '../explain.ts'
import { formatMs } from './duration.ts'
import type { Style } from './paint.ts'
import { type Cell, GAP, type Sheet, belowRow, longest, paintCells, sentenceLines } from './table.ts'

type Column = 'number' | 'state' | 'socket' | 'block' | 'why'
type Row = Readonly<Record<Column, string>> & { readonly style: Style }

const STYLES: Readonly<Record<RosterEntry['state'], Style>> = {
  binding: 'cyan',
  bound: 'green',
  failed: 'red',
  waiting: 'yellow',
  closed: 'dim',
}

const HEAD: Row = { number: '#', state: 'state', socket: 'socket', block: 'block', why: 'why', style: 'dim' }

/** `tcp [2001:db8::1]:443`: what is bound, or is to be. */
export const socketOf = ({ transport, endpoint, local }: RosterEntry): string =>
  `${transport} ${printable(formatEndpoint(local ?? endpoint))}`

/** The listeners, and their clients if there ever were any; for good. */
export function rosterLines({ listeners, counters }: Roster, sheet: Sheet): string[] {
  const wasVisited = counters.accepted + counters.refused > 0
  return [
    ...(listeners.length > 0 ? tableLines(listeners, sheet) : []),
    ...(wasVisited ? sentenceLines([countersLine(counters)], sheet) : []),
  ]
}

/** Where the screen is too narrow, the reasons go below their rows, then the blocks go, then all but the socket. */
function tableLines(listeners: Roster['listeners'], sheet: Sheet): string[] {
  const rows = inOrder(listeners).map((entry) => rowOf(entry, entry.failure ? reasonOf(entry.failure) : ''))
  const whole = layoutOf([HEAD, ...rows], listeners)
  const layout = whole.total <= sheet.width ? whole : withoutBlock(whole)
  if (layout.total > sheet.width) return rows.flatMap((row) => stacked(row, layout.number, sheet))
  const reasons = rows.map(({ why }) => why)
  const isBeside = layout.total + GAP.length + longest(reasons) <= sheet.width
  const line = (row: Row) => paintCells(cellsOf(row, layout), Infinity, sheet.paint)
  if (isBeside) return [reasons.some((why) => why !== '') ? HEAD : { ...HEAD, why: '' }, ...rows].map(line)
  return [HEAD, ...rows].flatMap((row) => [
    line({ ...row, why: '' }),
    ...(row === HEAD ? [] : belowRow(row.why, layout.number, sheet)),
  ])
}

/** A listener where nothing fits beside its socket. */
function stacked({ number, socket, state, why, style }: Row, indent: number, sheet: Sheet): string[] {
  const fate = [state, why].filter((text) => text !== '').join(': ')
  return [`${number.padStart(indent)}${GAP}${socket}`, ...belowRow(fate, indent, sheet, style)]
}

/**
 * A line for each, none longer than the screen is wide; where there is no room for the reasons, their codes. `dueIn`: ms
 * until a listener is bound again, if that is known.
 */
export function liveRosterLines(
  listeners: Roster['listeners'],
  dueIn: (listener: number) => number | undefined,
  { width, paint }: Sheet,
): string[] {
  const rowsWith = (told: (why: Failure) => string) =>
    inOrder(listeners).map((entry) => {
      const ms = dueIn(entry.listener)
      const again = ms === undefined ? [] : [`again in ${Math.max(0, Math.ceil(ms / 1000))} s`]
      return rowOf(entry, [...again, ...(entry.failure ? [told(entry.failure)] : [])].join(': '))
    })
  const rows = rowsWith(reasonOf)
  const layout = layoutOf(rows, listeners)
  const fits = layout.total + GAP.length + longest(rows.map(({ why }) => why)) <= width
  const shown = fits ? rows : rowsWith(({ code }) => printable(code))
  return shown.map((row) => paintCells(cellsOf(row, layout), width, paint))
}

/** `3 clients; 12 accepted, 2 refused, 1 dropped` */
export function countersLine({ live, accepted, refused, dropped }: Roster['counters']): string {
  return `${clients(live)}; ${accepted} accepted, ${refused} refused, ${dropped} dropped`
}

/** `listening on 3 sockets after 12 ms`: how a start that went well ends. */
export function listeningLine(listeners: Roster['listeners'], atMs: number): string {
  return `listening on ${sockets(listeners.filter(({ state }) => state === 'bound').length)} after ${formatMs(atMs)}`
}

export const sockets = (count: number): string => counted(count, 'socket')
export const clients = (count: number): string => counted(count, 'client')

const counted = (count: number, noun: string) =>
  count === 1 ? `one ${noun}` : `${count === 0 ? 'no' : count} ${noun}s`

/** Block by block, as they were configured. */
const inOrder = (listeners: Roster['listeners']) =>
  listeners.toSorted((a, b) => a.block - b.block || a.listener - b.listener)

function rowOf(entry: RosterEntry, why: string): Row {
  const { listener, block, state } = entry
  return {
    number: String(listener),
    state,
    socket: socketOf(entry),
    block: String(block + 1),
    why,
    style: STYLES[state],
  }
}

type Layout = Readonly<Record<Exclude<Column, 'why'> | 'total', number>>

/** Wide enough for whatever becomes of a listener, so that a live table does not jump. */
const CALM = 'waiting'.length

/** The block is told where there are several. */
function layoutOf(rows: readonly Row[], listeners: Roster['listeners']): Layout {
  const widest = (column: Column, least = 0) =>
    longest(
      rows.map((row) => row[column]),
      least,
    )
  const hasBlocks = new Set(listeners.map(({ block }) => block)).size > 1
  return summed({
    number: widest('number', 3),
    state: widest('state', CALM),
    socket: widest('socket'),
    block: hasBlocks ? HEAD.block.length : 0,
  })
}

const withoutBlock = (layout: Layout): Layout => summed({ ...layout, block: 0 })

/** `total`: with the gaps between them, before that of the reasons. */
function summed({ number, state, socket, block }: Omit<Layout, 'total'>): Layout {
  const gaps = block > 0 ? 3 : 2
  return { number, state, socket, block, total: number + state + socket + block + gaps * GAP.length }
}

function cellsOf(row: Row, layout: Layout): Cell[] {
  const dim = row.style === 'dim' ? 'dim' : undefined
  return [
    [row.number.padStart(layout.number), dim],
    [row.state.padEnd(layout.state), row.style],
    [row.socket.padEnd(layout.socket), dim],
    ...(layout.block > 0 ? [[row.block.padStart(layout.block), 'dim'] as const] : []),
    [row.why, dim],
  ]
}
