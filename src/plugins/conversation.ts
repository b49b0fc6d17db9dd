/**
 * A negotiation as a row of replies, each of which says what is sent next. A reply is read from the front of all that has
 * come, so that it makes no difference how the bytes were cut; what stands behind the last one is the target's.
 */
import { concat } from '../concat.ts'
import type { Negotiator, Progress, Relay } from './negotiator.ts'

/** Reads one reply from the front; `undefined`: it is not all there yet, and as it stands, nothing is wrong with it. */
export type ReplyReader = (bytes: Uint8Array) => Turn | undefined

/** `length`: the bytes of the reply. */
export type Turn =
  | { readonly state: 'next'; readonly length: number; readonly send: Uint8Array; readonly reader: ReplyReader }
  | { readonly state: 'done'; readonly length: number; readonly relay?: Relay | undefined }
  | Refusal
export type Refusal = Extract<Progress, { readonly state: 'failed' }>

const NOTHING = new Uint8Array(0)

export function conversation(opening: Uint8Array, first: ReplyReader): Negotiator {
  let unread: Uint8Array = NOTHING
  let reader = first
  return {
    begin: () => {
      unread = NOTHING
      reader = first
      return { state: 'waiting', send: opening }
    },
    receive: (bytes) => {
      unread = concat(unread, bytes)
      let send: Uint8Array = NOTHING
      for (;;) {
        const turn = reader(unread)
        if (!turn) return { state: 'waiting', send: unlessEmpty(send) }
        if (turn.state === 'failed') return turn
        unread = unread.subarray(turn.length)
        if (turn.state === 'done') return ended(turn.relay, send, unread)
        send = concat(send, turn.send)
        reader = turn.reader
      }
    },
  }
}

/** Behind the reply that gives a relay stands nothing for anybody: the target speaks in datagrams. */
function ended(relay: Relay | undefined, send: Uint8Array, unread: Uint8Array): Progress {
  return { state: 'done', send: unlessEmpty(send), early: relay ? undefined : unlessEmpty(unread), relay }
}

const unlessEmpty = (bytes: Uint8Array): Uint8Array | undefined => (bytes.length > 0 ? bytes : undefined)
