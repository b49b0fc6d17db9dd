/**
 * Text of which each character is a byte: what protocols of lines are written in. Byte-exact both ways, whatever the
 * encoding of what is in it.
 */
import { utf8 } from '../utf8.ts'

export const octets = (text: string): Uint8Array => Uint8Array.from(text, (char) => char.charCodeAt(0))

export const asText = (bytes: Uint8Array): string => Array.from(bytes, (byte) => String.fromCharCode(byte)).join('')

/** A person's text as bytes of UTF-8. */
export const utf8Text = (text: string): string => asText(utf8(text))

/** Without the blanks and tabs around it. By index: a pattern tries the end of the text behind every blank in it. */
export function trimmed(text: string): string {
  let [start, end] = [0, text.length]
  while (isBlank(text[start])) start++
  while (end > start && isBlank(text[end - 1])) end--
  return text.slice(start, end)
}

const isBlank = (char: string | undefined): boolean => char === ' ' || char === '\t'
