/**
 * What a hop said, as a message may quote it: one line of ASCII, however hostile the bytes. Only where no hop of the way
 * is told a secret: it may come back.
 */

const MAX_QUOTED = 64
const NAMED = new Map([
  [0x0a, '\\n'],
  [0x0d, '\\r'],
  [0x22, '\\"'],
  [0x5c, '\\\\'],
])

/** In double quotes, with `\xNN` for what is not printable; at most 64 bytes, and `…` if there were more. */
export function quoted(bytes: Uint8Array): string {
  const shown = Array.from(bytes.subarray(0, MAX_QUOTED), escaped).join('')
  return `"${shown}${bytes.length > MAX_QUOTED ? '…' : ''}"`
}

function escaped(byte: number): string {
  const isPlain = byte >= 0x20 && byte <= 0x7e
  return NAMED.get(byte) ?? (isPlain ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, '0')}`)
}
