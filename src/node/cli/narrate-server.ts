/** One note of a server for a person: `listener 2: tcp [::1]:443 cannot be bound: ...`. */
import { formatEndpoint } from '../../endpoint.ts'
import type { Failure } from '../../failure.ts'
import { printable } from '../../printable.ts'
import type { Roster, RosterEntry, ServerNote } from '../../roster.ts'
import { reasonOf } from '../explain.ts'
import { formatMs } from './duration.ts'
import type { Told } from './event-line.ts'
import { socketOf, sockets } from './roster-view.ts'

/** `kind`: of lines that come in crowds, what more of them are called. */
export type Narrated = readonly [told: Told, kind?: string]

/** `roster`: with the note in it. `undefined`: not worth a line. */
export function narrateServer(note: ServerNote, roster: Roster): Narrated | undefined {
  switch (note.type) {
    case 'query.started':
      return [[`looking up ${printable(note.host)}`]]
    case 'query.answered':
      return [[`the answer: ${note.addresses.map(printable).join(', ') || 'nothing'}`]]
    case 'query.failed':
      return [[`block ${note.block + 1}: failed to resolve: ${reasonOf(note.failure)}`, 'red']]
    case 'block.waiting':
      return [[`block ${note.block + 1}: looked up again in ${formatMs(note.ms)}`]]
    case 'address.skipped': {
      const where = note.endpoint ? `${printable(formatEndpoint(note.endpoint))} is ` : ''
      return [[`block ${note.block + 1}: ${where}skipped: ${reasonOf(note.failure)}`, 'yellow']]
    }
    case 'listener.bound':
      return [[`listener ${note.listener}: bound to ${named(note, roster)}`, 'green']]
    case 'listener.failed':
      return [[`listener ${note.listener}: ${named(note, roster)} cannot be bound: ${reasonOf(note.failure)}`, 'red']]
    case 'listener.lost':
      return [[`listener ${note.listener}: ${named(note, roster)} is lost: ${reasonOf(note.failure)}`, 'red']]
    case 'listener.waiting':
      return [[`listener ${note.listener}: tried again in ${formatMs(note.ms)}`]]
    case 'listener.escalated':
      return [[`listener ${note.listener}: ${reasonOf(note.failure)}`, 'red']]
    case 'listener.closed':
      return [
        [`listener ${note.listener}: ${named(note, roster)} is closed${because(note.failure)}`],
        'listeners are closed',
      ]
    case 'server.listening':
      return [[`listening on ${sockets(note.bound)}`, 'green']]
    case 'server.warned':
      return [[`block ${note.block + 1}: ${printable(note.message)}`, 'yellow']]
    case 'server.draining':
      return [['nobody is let in any more']]
    case 'network.changed':
      return [['the network has changed']]
    case 'listener.started':
    // How it ended is said once, below the table.
    case 'server.failed':
    case 'server.stopped':
      return undefined
    case 'peer.accepted':
      return [
        [`client ${note.peer}: ${printable(formatEndpoint(note.remote))}, by ${named(note, roster)}`, 'cyan'],
        'have come',
      ]
    case 'peer.refused': {
      const from = note.remote ? `${printable(formatEndpoint(note.remote))}, by ` : 'by '
      return [
        [`refused ${from}${named(note, roster)}${because(note.failure)}`, 'yellow'],
        `are refused (${printable(note.failure.code)})`,
      ]
    }
    case 'peer.dropped':
      return [
        [`client ${note.peer}: dropped${because(note.failure)}`, 'yellow'],
        `are dropped (${printable(note.failure.code)})`,
      ]
    case 'peer.closed':
      return [[`client ${note.peer}: gone`], 'have gone']
  }
}

const TOLD: ReadonlySet<ServerNote['type']> = new Set([
  'query.failed',
  'address.skipped',
  'listener.lost',
  'listener.escalated',
  'server.warned',
  'peer.accepted',
  'peer.refused',
  'peer.dropped',
  'peer.closed',
])

/** What no table shows: it stays above. */
export const isNoRow = ({ type }: ServerNote): boolean => TOLD.has(type)

const because = (why: Failure | null): string => (why ? `: ${reasonOf(why)}` : '')

/** Its socket; every listener of a note has been told of. */
function named({ listener: number }: { readonly listener: number }, { listeners }: Roster): string {
  return socketOf(listeners.find(({ listener }) => listener === number) as RosterEntry)
}
