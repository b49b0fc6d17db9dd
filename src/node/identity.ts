/** Who a peer is to others, with real randomness: anew for each start. */
import { createHmac, randomBytes } from 'node:crypto'
import type { Identity } from '../meeting.ts'

const ID_BYTES = 8
const COOKIE_BYTES = 8
const SECRET_BYTES = 32

export function newIdentity(passive: boolean): Identity {
  const secret = randomBytes(SECRET_BYTES)
  return {
    id: randomBytes(ID_BYTES),
    passive,
    cookieFor: (path) => createHmac('sha256', secret).update(path).digest().subarray(0, COOKIE_BYTES),
  }
}
