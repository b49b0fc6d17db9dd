/**
 * What a person sees of a client: a live table on a terminal, a line for each event elsewhere (and with `-v`). Views
 * are told notes and know nothing of sockets.
 */
import type { Ledger, LedgerEntry, Note } from '../../ledger.ts'
import { traceLine } from '../../trace.ts'
import { type Screen, freshLine } from './io.ts'
import { liveView } from './live-view.ts'
import { narrate } from './narrate.ts'
import type { Paint } from './paint.ts'

export interface View {
  /** `ledger`: with the note in it. */
  readonly note: (note: Note, ledger: Ledger) => void
  /** A sentence that stays. */
  readonly say: (sentence: string) => void
  /** The screen belongs to somebody else until the connection is lost: what is live stays as it is. */
  readonly settle: () => void
  /** This process is about to be stopped, and a shell will write: what is live stays as it is. */
  readonly suspend: () => void
  /** Somebody else has written on the screen (a shell, while this process was stopped): what is live begins anew. */
  readonly renew: () => void
  /** No more will come; what is live is taken away. */
  readonly end: () => void
}

export function viewOn(screen: Screen, paint: Paint, { verbose }: { readonly verbose: boolean }): View {
  if (verbose) return lineView(screen, (note) => traceLine(note))
  if (screen.isTTY) return liveView(screen, paint)
  return lineView(screen, (note, ledger) => narrate(note, (attempt) => entryOf(ledger, attempt), paint))
}

/** For programs, which are told everything elsewhere. */
export const noView: View = {
  note: () => {},
  say: () => {},
  settle: () => {},
  suspend: () => {},
  renew: () => {},
  end: () => {},
}

function lineView(screen: Screen, lineOf: (note: Note, ledger: Ledger) => string | undefined): View {
  let isShared = false
  const say = (sentence: string) => void screen.write(`${isShared ? freshLine(screen) : ''}${sentence}\n`)
  const note = (note: Note, ledger: Ledger) => {
    const line = lineOf(note, ledger)
    if (line !== undefined) say(line)
  }
  const end = () => {
    if (isShared) screen.write(freshLine(screen))
  }
  return { note, say, settle: () => void (isShared = true), suspend: () => {}, renew: () => {}, end }
}

const entryOf = (ledger: Ledger, attempt: number): LedgerEntry | undefined =>
  ledger.current.findLast((entry) => entry.attempt === attempt)
