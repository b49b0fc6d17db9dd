/** What a scripted peer says on one connection, and when it is its turn: the same for both twins. */
import { bytesOf, utf8 } from '../utf8.ts'
import type { Saying } from './world-script.ts'

export class SayingScript {
  readonly #left: Saying[]

  constructor(says: readonly Saying[] = []) {
    this.#left = [...says]
  }

  /** What is said to these bytes of ours; each thing is said once. */
  answerTo(bytes: Uint8Array): Saying | undefined {
    const heard = String.fromCharCode(...bytes)
    const index = this.#left.findIndex(({ to }) => to === undefined || heard.includes(to))
    return index < 0 ? undefined : this.#left.splice(index, 1)[0]
  }
}

export const bytesOfSaying = ({ text = '', hex }: Pick<Saying, 'text' | 'hex'>): Uint8Array =>
  hex === undefined ? utf8(text) : bytesOf(hex)

/** Byte by byte where it drips. */
export function piecesOf(bytes: Uint8Array, dripMs: number): readonly Uint8Array[] {
  if (dripMs > 0) return Array.from(bytes, (byte) => Uint8Array.of(byte))
  return bytes.length > 0 ? [bytes] : []
}
