/**
 * Confirmations on the virtual network, without keys or protocols: a virtual peer that answers says back what it heard,
 * and that is its proof. What a real server says is the Node ring's business.
 */
import type { Confirmation } from '../config/schema.ts'
import type { Exchange } from '../confirmation.ts'
import { failure } from '../failure.ts'

/** Stands for OpenVPN's hard reset. */
const HARD_RESET = bytesOf('openvpn hard reset')

export function virtualExchange(confirmation: Confirmation): Exchange | undefined {
  if (confirmation.kind === 'none') return undefined
  if (confirmation.kind === 'reply')
    return { request: bytesOf(confirmation.text), receive: () => 'confirmed', keepsReply: true }
  return {
    request: HARD_RESET,
    receive: (bytes) => (isEqual(bytes, HARD_RESET) ? 'confirmed' : failure('BAD_REPLY', 'confirm')),
    keepsReply: false,
  }
}
const isEqual = (a: Uint8Array, b: Uint8Array) => a.length === b.length && a.every((byte, i) => byte === b[i])

// UTF-8 by hand: TextEncoder belongs to hosts. A lone surrogate has no UTF-8 form and becomes U+FFFD, as it does there.
function bytesOf(text: string): Uint8Array {
  const escaped = encodeURIComponent(text.replace(/\p{Cs}/gu, '\ufffd'))
  const parts = Array.from(escaped.matchAll(/%(..)|./g), ([part, hex]) =>
    hex === undefined ? part.charCodeAt(0) : Number.parseInt(hex, 16),
  )
  return Uint8Array.from(parts)
}
