/** Plays a hop by hand: its bytes, cut as wanted, and what came of it. */
import { assert, property, subarray } from 'fast-check'
import { hexOf } from '../../src/utf8.ts'
import type { Negotiator, Progress, Relay } from '../../src/plugins/negotiator.ts'

export interface Told {
  readonly state: Progress['state']
  readonly code?: string
  readonly message?: string
  /** Everything that was sent to the hop, as hex. */
  readonly sent: string
  /** Of `done`, as hex: what has come for whoever stands behind the hop. */
  readonly carried?: string
  readonly relay?: Relay
}

/** Gives a negotiator these pieces until it is done; the rest belongs to the target. */
export function converse(negotiator: Negotiator, pieces: readonly Uint8Array[]): Told {
  let progress = negotiator.begin()
  let sent = sentBy(progress)
  const rest = [...pieces]
  while (progress.state === 'waiting' && rest.length > 0) {
    progress = negotiator.receive(rest.shift() as Uint8Array)
    sent += sentBy(progress)
  }
  if (progress.state === 'failed') return { ...progress, sent }
  if (progress.state !== 'done') return { state: progress.state, sent }
  const { early, relay } = progress
  if (relay) return { state: 'done', sent, relay }
  return { state: 'done', sent, carried: [...(early ? [early] : []), ...rest].map(hexOf).join('') }
}

function sentBy(progress: Progress): string {
  const sent = 'send' in progress ? progress.send : undefined
  return sent ? hexOf(sent) : ''
}

/** Up to this many bytes every way to cut them is tried. */
const EXHAUSTIVE = 12

/** Cuts the bytes in every way, or in many when they are long, and has each looked at. */
export function forEveryCut(bytes: Uint8Array, look: (pieces: readonly Uint8Array[]) => void): void {
  const places = Array.from({ length: Math.max(0, bytes.length - 1) }, (_, i) => i + 1)
  if (bytes.length <= EXHAUSTIVE) {
    for (let set = 0; set < 2 ** places.length; set++)
      look(
        cutAt(
          bytes,
          places.filter((_, bit) => (set >> bit) & 1),
        ),
      )
    return
  }
  for (const place of places) look(cutAt(bytes, [place]))
  look(cutAt(bytes, places))
  assert(
    property(subarray(places), (some) => {
      look(cutAt(bytes, some))
    }),
  )
}

function cutAt(bytes: Uint8Array, places: readonly number[]): readonly Uint8Array[] {
  const pieces = [0, ...places].map((place, i) => bytes.subarray(place, places[i] ?? bytes.length))
  return pieces.filter((piece) => piece.length > 0)
}
