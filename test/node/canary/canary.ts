/**
 * Secrets that no other text has, and the search for them: as they are, backwards, and in every form that a program
 * might write bytes in. Halves are enough: each is long enough to be told from chance, and nothing may show one of them.
 */
import { randomBytes } from 'node:crypto'

export interface Canary {
  /** What it stands for. */
  readonly name: string
  /** Pieces of it that are found nowhere else. */
  readonly pieces: readonly Uint8Array[]
}

const HALF = 14
const LETTERS = 'abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789'

const randomText = () => Array.from(randomBytes(HALF), (byte) => LETTERS[byte % LETTERS.length]).join('')

/** A text; in its middle stands what has to be written in another way in URLs and JSON, or else `middle`. */
export function canary(name: string, middle = '%/~'): Canary & { readonly text: string } {
  const halves = [randomText(), randomText()]
  return { name, text: halves.join(middle), pieces: halves.map((half) => Buffer.from(half)) }
}

/** Bytes that we have not chosen: a key, or what was made of a secret. */
export function canaryOf(name: string, bytes: Uint8Array): Canary {
  const length = Math.min(bytes.length, 2 * HALF)
  return { name, pieces: [bytes.subarray(0, length), bytes.subarray(bytes.length - length)] }
}

/** `name (form)` of everything that shows in `text`. */
export function leaksIn(text: string, canaries: readonly Canary[]): string[] {
  const texts = [text, compact(text)]
  return canaries.flatMap(({ name, pieces }) => {
    const found = pieces.flatMap(formsOf).filter(([, needle]) => texts.some((one) => one.includes(needle)))
    return [...new Set(found.map(([form]) => `${name} (${form})`))]
  })
}

/** Bytes that were written in groups, as a list or an object, or among zeros as in UTF-16, stand together. */
const compact = (text: string) => text.replaceAll(/\s|"\d+":|\\x00|\\u0000|\0/g, '')

type Form = readonly [name: string, needle: string]

function formsOf(piece: Uint8Array): readonly Form[] {
  const plain = Buffer.from(piece).toString('latin1')
  return [
    ['plain', plain],
    ['backwards', Buffer.from(piece.toReversed()).toString('latin1')],
    ...formsOfBytes(Buffer.from(piece)),
    ...formsOfBytes(Buffer.from(plain, 'utf16le')),
  ]
}

function formsOfBytes(bytes: Buffer): readonly Form[] {
  const each = [...bytes]
  return [
    ...([0, 1, 2] as const).flatMap((offset): Form[] => {
      const base64 = base64At(bytes, offset)
      const base64url = base64.replaceAll('+', '-').replaceAll('/', '_')
      return [
        ['base64', base64],
        ['base64url', base64url],
      ]
    }),
    ['hex', bytes.toString('hex')],
    ['upper hex', bytes.toString('hex').toUpperCase()],
    ['percent', each.map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('')],
    ['list', each.join(',')],
  ]
}

/** The part that depends on nothing but these bytes, where `offset` others stand before them in their group of three. */
function base64At(bytes: Buffer, offset: 0 | 1 | 2): string {
  const whole = Buffer.concat([Buffer.alloc(offset), bytes]).toString('base64')
  return whole.slice(Math.ceil((offset * 8) / 6), Math.floor(((offset + bytes.length) * 8) / 6))
}
