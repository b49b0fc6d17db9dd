/** UTF-8 by hand: TextEncoder belongs to hosts. A lone surrogate has no UTF-8 form and becomes U+FFFD, as it does there. */
export function utf8(text: string): Uint8Array {
  const escaped = encodeURIComponent(text.replace(/\p{Cs}/gu, '\ufffd'))
  const parts = Array.from(escaped.matchAll(/%(..)|./g), ([part, hex]) =>
    hex === undefined ? part.charCodeAt(0) : Number.parseInt(hex, 16),
  )
  return Uint8Array.from(parts)
}
