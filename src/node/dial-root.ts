/**
 * A root that dials, or has somebody dial for it: what clients and peers have in common. It turns the number of a winner
 * into a connection.
 */
import type { EmittedFrom } from 'xstate'
import type { clientLogic } from '../../machines/client.ts'
import type { peerLogic } from '../../machines/peer.ts'
import { handlesOf } from '../handles.ts'
import { type Ledger, type Note, entriesOf } from '../ledger.ts'
import type { ServerNote } from '../roster.ts'
import { type Connection, connectionOf } from './connection.ts'
import { Root } from './root.ts'

export abstract class DialRoot<Logic extends ReturnType<typeof clientLogic | typeof peerLogic>> extends Root<Logic> {
  #confirmation: Connection['confirmation']

  abstract get ledger(): Ledger

  networkChanged(): void {
    this.command({ type: 'network.changed' })
  }

  /** What a program may say of its connection. */
  command(command: Command): void {
    this.send(command as Parameters<typeof this.send>[0])
  }

  /** The winner's socket; taken out of the registry when it is `released`. */
  take(attempt: number, released: boolean): Connection {
    const handles = handlesOf(this.actor.system)
    const ledger = entriesOf(this.ledger)
    const entry = ledger.find((entry) => entry.attempt === attempt)
    const socket = handles.get(attempt)
    if (!entry?.candidate || !socket) throw new Error(`attempt ${attempt} left no socket`)
    if (released) handles.delete(attempt)
    const { remote, hops } = entry
    const { transport, family, address, port } = entry.candidate
    const candidate = { remote: remote.index, transport, family, address, port, hops }
    const won = { attempt, remote, candidate, confirmation: this.#confirmation, ledger, seed: this.seed }
    return connectionOf(won, socket.handle)
  }

  protected override follow(note: EmittedFrom<Logic>): void {
    const told: Note | ServerNote = note
    if (told.type === 'attempt.started') this.#confirmation = undefined
    if (told.type === 'attempt.confirmed') this.#confirmation = { sent: told.sent, received: told.received }
    super.follow(note)
  }
}

type Command =
  | { readonly type: 'next' | 'stop' | 'network.changed' }
  | { readonly type: 'reject'; readonly attempt: number; readonly reason: string }
