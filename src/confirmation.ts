/**
 * The exchange that proves that a peer answers, sans I/O: bytes to send, a judgement of what comes back. The dialer
 * sends and times; who makes an exchange (with keys, in the Node ring) is injected.
 */
import type { Candidate } from './candidate.ts'
import type { Confirmation } from './config/schema.ts'
import type { Failure } from './failure.ts'

export interface Exchange {
  /** What is sent, as it is at that moment. */
  readonly request: Uint8Array
  /** Judges what came from the candidate; on TCP a chunk, on UDP a datagram. */
  readonly receive: (bytes: Uint8Array) => 'confirmed' | 'waiting' | Failure
  /** Over UDP it is sent again every so many ms; without it after 1, 2, 4 ... s. */
  readonly pace?: number
  /** What is to be sent at once after `receive`. */
  readonly takeAnswers?: () => readonly Uint8Array[]
  /** What is the program's of all that came: the connection's first messages, or bytes. */
  readonly takeEarly?: () => readonly Uint8Array[]
}

/** Makes the exchange for one attempt. `undefined`: nothing to confirm; a failure: it cannot be made (no such key). */
export type ExchangeFactory = (confirmation: Confirmation, candidate: Candidate) => Exchange | Failure | undefined

/** Resend times over UDP, ms after the previous one: 0, 1, 3, 7, 15, 31 s in all, until the attempt's deadline. */
export const resendAfter = (sent: number): number => 1000 * 2 ** (sent - 1)

/** Any datagram of the candidate confirms, and is the connection's first message. */
export function anyReply(request: Uint8Array): Exchange {
  let reply: readonly Uint8Array[] = []
  const receive = (bytes: Uint8Array) => {
    reply = [bytes]
    return 'confirmed' as const
  }
  return { request, receive, takeEarly: () => reply }
}
