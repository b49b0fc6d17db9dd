/**
 * Confirmations on the virtual network, without keys or protocols: a virtual peer that answers says back what it heard,
 * and that is its proof. What a real server says is the Node ring's business.
 */
import type { Confirmation } from '../config/schema.ts'
import { type Exchange, anyReply } from '../confirmation.ts'
import { failure } from '../failure.ts'
import { utf8 } from '../utf8.ts'

/** Stands for OpenVPN's hard reset. */
const HARD_RESET = utf8('openvpn hard reset')

export function virtualExchange(confirmation: Confirmation): Exchange | undefined {
  if (confirmation.kind === 'none') return undefined
  if (confirmation.kind === 'reply') return anyReply(utf8(confirmation.text))
  return {
    request: HARD_RESET,
    receive: (bytes) => (isEqual(bytes, HARD_RESET) ? 'confirmed' : failure('BAD_REPLY', 'confirm')),
  }
}
const isEqual = (a: Uint8Array, b: Uint8Array) => a.length === b.length && a.every((byte, i) => byte === b[i])
