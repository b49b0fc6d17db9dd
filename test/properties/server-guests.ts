/** Who came to a server and what was said of it, read from what the network saw and the notes alone. */
import type { Endpoint, Transport } from '../../src/endpoint.ts'
import type { ServerNote } from '../../src/roster.ts'
import type { Caller, ServerObservation } from './server-observe.ts'

export type NoteOf<Type extends ServerNote['type']> = Extract<ServerNote, { readonly type: Type }>
type Verdict = NoteOf<'peer.accepted'> | NoteOf<'peer.refused'>

/** A TCP client, or a datagram to a socket that was bound. */
export interface Arrival {
  readonly at: number
  readonly listener: number
  readonly remote: Endpoint
  readonly transport: Transport
  readonly caller: Caller | undefined
  /** Who was there by then. */
  readonly live: ReadonlySet<Peer>
  /** The peer whose datagram this is, if it is one by now. */
  readonly known: Peer | undefined
  readonly verdicts: Verdict[]
}

/** One that was let in. */
export interface Peer {
  readonly peer: number
  readonly arrival: Arrival
  /** UDP: when its datagrams came. */
  readonly heardAt: number[]
  endedAt: number | undefined
  /** `closed`, or why it was dropped. */
  end: string | undefined
  /** Who was there by then, itself included, the oldest first. */
  among: readonly Peer[]
}

export interface Guests {
  readonly arrivals: readonly Arrival[]
  readonly peers: readonly Peer[]
  /** What was told of nobody. */
  readonly strays: readonly ServerNote[]
}

export function guestsIn({ events, scenario }: ServerObservation): Guests {
  const arrivals: Arrival[] = []
  const peers: Peer[] = []
  const strays: ServerNote[] = []
  const live = new Set<Peer>()
  const bound = new Set<number>()
  const transports = scenario.config.listen.map(({ proto }) => proto)
  const arrive = (at: number, listener: number, remote: Endpoint, caller?: Caller) => {
    const transport = transports[(listener - 1) % transports.length] as Transport
    const known = caller ? undefined : [...live].find((peer) => !peer.arrival.caller && isFrom(peer, listener, remote))
    known?.heardAt.push(at)
    arrivals.push({ at, listener, remote, transport, caller, live: new Set(live), known, verdicts: [] })
  }
  const take = (note: ServerNote) => {
    switch (note.type) {
      case 'listener.bound':
        bound.add(note.listener)
        break
      case 'listener.lost':
      case 'listener.closed':
        bound.delete(note.listener)
        break
      case 'peer.accepted':
      case 'peer.refused': {
        const arrival = arrivals.at(-1)
        if (!arrival || note.listener !== arrival.listener || note.remote !== arrival.remote) strays.push(note)
        else arrival.verdicts.push(note)
        if (!arrival || note.type === 'peer.refused') break
        const peer: Peer = {
          peer: note.peer,
          arrival,
          heardAt: [note.at],
          endedAt: undefined,
          end: undefined,
          among: [],
        }
        peers.push(peer)
        live.add(peer)
        break
      }
      case 'peer.closed':
      case 'peer.dropped': {
        const peer = [...live].find((one) => one.peer === note.peer)
        if (!peer) strays.push(note)
        else {
          peer.among = [...live]
          peer.endedAt = note.at
          peer.end = note.type === 'peer.closed' ? 'closed' : note.failure.code
          live.delete(peer)
        }
        break
      }
      default:
    }
  }
  for (const event of events) {
    if (event.kind === 'note') take(event.note)
    else if (event.kind === 'came') arrive(event.at, event.caller.listener, event.caller.remote, event.caller)
    // A socket that is bound and has not said so yet hears nothing.
    else if (event.kind === 'datagram' && bound.has(event.listener)) arrive(event.at, event.listener, event.remote)
  }
  return { arrivals, peers, strays }
}

const isFrom = ({ arrival }: Peer, listener: number, { address, port }: Endpoint) =>
  arrival.listener === listener && arrival.remote.address === address && arrival.remote.port === port
