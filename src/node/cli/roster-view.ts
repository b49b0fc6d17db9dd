/**
 * The listeners of a server as a table, and its clients as a line. On paper nothing is cut: where a line is too narrow,
 * the reasons stand below their rows. A live row is one line, with what matters most at its beginning.
 */
import { formatEndpoint } from '../../endpoint.ts'
import type { Failure } from '../../failure.ts'
import type { Roster, RosterEntry } from '../../roster.ts'
import { printable } from '../../printable.ts'
import { reasonOf } from '../explain.ts'
import type { Style } from './paint.ts'
import { type Cell, GAP, type Sheet, belowRow, longest, paintCells } from './table.ts'

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

/** The whole table, for good. */
export function rosterLines(listeners: Roster['listeners'], sheet: Sheet): string[] {
  const rows = inOrder(listeners).map((entry) => rowOf(entry, entry.failure ? reasonOf(entry.failure) : ''))
  const hasReasons = rows.some(({ why }) => why !== '')
  const layout = layoutOf([HEAD, ...rows], listeners)
  const beside = layout.total + GAP.length + longest(rows.map(({ why }) => why)) <= sheet.width
  return [{ ...HEAD, why: hasReasons ? HEAD.why : '' }, ...rows].flatMap((row) => {
    const why = beside || row.style === HEAD.style ? row.why : ''
    const below = why === row.why ? [] : belowRow(row.why, layout.number, sheet)
    return [paintCells(cellsOf({ ...row, why }, layout), Infinity, sheet.paint), ...below]
  })
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

export const clients = (count: number): string => (count === 1 ? 'one client' : `${count === 0 ? 'no' : count} clients`)

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

/** `total`: with the gaps between them, before that of the reasons. The block is told where there are several. */
function layoutOf(rows: readonly Row[], listeners: Roster['listeners']): Layout {
  const widest = (column: Column, least = 0) =>
    longest(
      rows.map((row) => row[column]),
      least,
    )
  const number = widest('number', 3)
  const state = widest('state', CALM)
  const socket = widest('socket')
  const hasBlocks = new Set(listeners.map(({ block }) => block)).size > 1
  const block = hasBlocks ? HEAD.block.length : 0
  const total = number + state + socket + block + (hasBlocks ? 3 : 2) * GAP.length
  return { number, state, socket, block, total }
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
