/**
 * What a person sees of a client, a server or a peer: a live table on a terminal, a line for each event elsewhere (and with
 * `-v`). Views are told notes and know nothing of sockets.
 */
import type { Ledger, LedgerEntry, Note } from '../../ledger.ts'
import type { Roster, ServerNote } from '../../roster.ts'
import { traceLine } from '../../trace.ts'
import { collapse } from './collapse.ts'
import { eventLine } from './event-line.ts'
import { type Screen, freshLine } from './io.ts'
import { liveClient } from './live-client.ts'
import { livePeer } from './live-peer.ts'
import { liveServer } from './live-server.ts'
import { narrateClient } from './narrate-client.ts'
import { narratePeer } from './narrate-peer.ts'
import { type Narrated, narrateServer } from './narrate-server.ts'
import type { Paint } from './paint.ts'
import type { PeerNote, PeerState } from './peer-state.ts'

/** What Ctrl-Z and `fg` do to a view. */
export interface Suspendable {
  /** This process is about to be stopped, and a shell will write: what is live stays as it is. */
  readonly suspend: () => void
  /** Somebody else has written on the screen (a shell, while this process was stopped): what is live begins anew. */
  readonly renew: () => void
}

export interface View<Said, State> extends Suspendable {
  /** `after`: with the note in it. */
  readonly note: (note: Said, after: State) => void
  /** A sentence that stays. */
  readonly say: (sentence: string) => void
  /** No more will come; what is live is taken away. */
  readonly end: () => void
}

/** Of who may lend the screen to its connection. */
export interface KeeperView<Said, State> extends View<Said, State> {
  /** The screen belongs to somebody else until the connection is lost: what is live stays as it is. */
  readonly settle: () => void
}

export type ClientView = KeeperView<Note, Ledger>
export type PeerView = KeeperView<PeerNote, PeerState>
export type ServerView = View<ServerNote, Roster>

interface ViewOptions {
  readonly verbose: boolean
}

export function clientView(screen: Screen, paint: Paint, { verbose }: ViewOptions): ClientView {
  if (verbose) return lineView(screen, traceLine)
  if (screen.isTTY) return liveClient(screen, paint)
  return lineView(screen, (note: Note, ledger: Ledger) => {
    const told = narrateClient(note, (attempt) => entryOf(ledger, attempt))
    return told && eventLine(note.at, told, { width: Infinity, paint })
  })
}

export function serverView(screen: Screen, paint: Paint, { verbose }: ViewOptions): ServerView {
  if (verbose) return lineView(screen, traceLine)
  if (screen.isTTY) return liveServer(screen, paint)
  return crowdView(screen, paint, narrateServer)
}

/** `waits`: it tries nobody. */
export function peerView(screen: Screen, paint: Paint, waits: boolean, { verbose }: ViewOptions): PeerView {
  if (verbose) return lineView(screen, traceLine)
  if (screen.isTTY) return livePeer(screen, paint, waits)
  return crowdView(screen, paint, (note: PeerNote, after: PeerState) => narratePeer(note, after, waits))
}

/** For programs, which are told everything elsewhere. */
export const noView: KeeperView<unknown, unknown> = {
  note: () => {},
  say: () => {},
  settle: () => {},
  suspend: () => {},
  renew: () => {},
  end: () => {},
}

function lineView<Said, State>(
  screen: Screen,
  lineOf: (note: Said, after: State) => string | undefined,
): KeeperView<Said, State> {
  let isShared = false
  const say = (sentence: string) => void screen.write(`${isShared ? freshLine(screen) : ''}${sentence}\n`)
  const note = (note: Said, after: State) => {
    const line = lineOf(note, after)
    if (line !== undefined) say(line)
  }
  const end = () => {
    if (isShared) screen.write(freshLine(screen))
  }
  return { note, say, settle: () => void (isShared = true), suspend: () => {}, renew: () => {}, end }
}

/** What may come in crowds is told in numbers then. */
function crowdView<Said extends { readonly at: number }, State>(
  screen: Screen,
  paint: Paint,
  narrate: (note: Said, after: State) => Narrated | undefined,
): KeeperView<Said, State> {
  const view = lineView<Said, State>(screen, () => undefined)
  const lines = collapse((at, told) => view.say(eventLine(at, told, { width: Infinity, paint })))
  return {
    ...view,
    note: (note, after) => {
      const narrated = narrate(note, after)
      if (narrated) lines.tell(note.at, ...narrated)
    },
    end: () => {
      lines.end()
      view.end()
    },
  }
}

const entryOf = (ledger: Ledger, attempt: number): LedgerEntry | undefined =>
  ledger.current.findLast((entry) => entry.attempt === attempt)
