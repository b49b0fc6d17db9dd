/** What has become of a peer: the fold of its notes, of those about its sockets and those about its walk. */
import { EMPTY_LEDGER, type Ledger, type Note, record } from '../../ledger.ts'
import { EMPTY_ROSTER, type Roster, type ServerNote, enrol, isWalkers } from '../../roster.ts'

export type PeerNote = Note | ServerNote

export interface PeerState {
  readonly ledger: Ledger
  readonly roster: Roster
}

export const EMPTY_PEER: PeerState = { ledger: EMPTY_LEDGER, roster: EMPTY_ROSTER }

/** Its sockets stay as they were before it ended: afterwards all are closed, whatever they were. */
export function followPeer({ ledger, roster }: PeerState, note: PeerNote): PeerState {
  return isWalkers(note) ? { ledger: record(ledger, note), roster } : { ledger, roster: enrol(roster, note) }
}
