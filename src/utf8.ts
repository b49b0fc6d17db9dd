/** UTF-8 by hand: TextEncoder and TextDecoder belong to hosts. */

/** A lone surrogate has no UTF-8 form and becomes U+FFFD, as it does there. */
export function utf8(text: string): Uint8Array {
  const escaped = encodeURIComponent(text.replace(/\p{Cs}/gu, '\ufffd'))
  const parts = Array.from(escaped.matchAll(/%(..)|./g), ([part, hex]) =>
    hex === undefined ? part.charCodeAt(0) : Number.parseInt(hex, 16),
  )
  return Uint8Array.from(parts)
}

/** `undefined`: these bytes are no text. */
export function readUtf8(bytes: Uint8Array): string | undefined {
  try {
    return decodeURIComponent(hexOf(bytes).replace(/../g, '%$&'))
  } catch {
    return undefined
  }
}

export const hexOf = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')

export const bytesOf = (hex: string): Uint8Array =>
  Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))
