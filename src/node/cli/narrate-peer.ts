/** One note of a peer for a person: of its sockets as a server's, of its walk as a client's. */
import { isWalkers } from '../../roster.ts'
import { narrateClient } from './narrate-client.ts'
import { type Narrated, narrateServer } from './narrate-server.ts'
import type { PeerNote, PeerState } from './peer-state.ts'

/** `after`: with the note in it. `undefined`: not worth a line. */
export function narratePeer(note: PeerNote, { ledger, roster }: PeerState): Narrated | undefined {
  if (!isWalkers(note)) return narrateServer(note, roster)
  const told = narrateClient(note, (attempt) => ledger.current.findLast((entry) => entry.attempt === attempt))
  return told && [told]
}
