/** OpenVPN's static keys, as in `openvpn --genkey secret`: 2048 bits in hexadecimal between two marks. */
import type { Reading } from './issue.ts'

const STATIC_KEY_BYTES = 256

const BEGIN = '-----BEGIN OpenVPN Static key V1-----'
const END = '-----END OpenVPN Static key V1-----'
const HINT = 'make one with: openvpn --genkey secret FILE'

/** Reads the bytes; what stands before the first mark and after the last is comment. Messages never quote the key. */
export function readStaticKey(text: string): Reading<Uint8Array> {
  const begin = text.indexOf(BEGIN)
  if (begin < 0) return { message: `a static key begins with "${BEGIN}"`, hint: hintFor(text) }
  const end = text.indexOf(END, begin)
  if (end < 0) return { message: `a static key ends with "${END}"`, hint: 'the file seems to be cut off' }
  const hex = text.slice(begin + BEGIN.length, end).replace(/\s+/g, '')
  if (/[^\da-fA-F]/.test(hex)) return { message: 'a static key consists of hexadecimal digits', hint: HINT }
  if (hex.length !== 2 * STATIC_KEY_BYTES) {
    return {
      message: `a static key has ${2 * STATIC_KEY_BYTES} hexadecimal digits, this one has ${hex.length}`,
      hint: HINT,
    }
  }
  return { value: Uint8Array.from({ length: STATIC_KEY_BYTES }, (_, i) => parseInt(hex.slice(2 * i, 2 * i + 2), 16)) }
}

function hintFor(text: string): string {
  if (text.includes('OpenVPN tls-crypt-v2')) return 'this is a tls-crypt-v2 key: write `tls-crypt-v2`'
  if (text.includes('-----BEGIN')) return 'this is another kind of key or certificate'
  return HINT
}
