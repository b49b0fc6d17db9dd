/** One note of a peer for a person: of its sockets as a server's, of its walk as a client's. */
import { isWalkers } from '../../roster.ts'
import { narrateClient } from './narrate-client.ts'
import { type Narrated, narrateServer } from './narrate-server.ts'
import type { PeerNote, PeerState } from './peer-state.ts'

/** The state is that with the note in it; `waits`: it tries nobody. `undefined`: not worth a line. */
export function narratePeer(note: PeerNote, { ledger, roster }: PeerState, waits: boolean): Narrated | undefined {
  if (!isWalkers(note)) return narrateServer(note, roster)
  if (waits && note.type === 'client.failed') return [['waiting for the peer again', 'cyan']]
  const told = narrateClient(note, (attempt) => ledger.current.findLast((entry) => entry.attempt === attempt))
  return told && [told]
}
