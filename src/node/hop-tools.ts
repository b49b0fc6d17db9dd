/** What negotiators may use besides bytes, of the platform. */
import { createHash, createHmac, randomBytes } from 'node:crypto'
import type { Tools } from '../plugins/negotiator.ts'
import { md4 } from './md4.ts'

export const hopTools: Tools = {
  hash: (algorithm, bytes) => (algorithm === 'md4' ? md4(bytes) : createHash(algorithm).update(bytes).digest()),
  hmac: (algorithm, key, bytes) => createHmac(algorithm, key).update(bytes).digest(),
  random: (length) => randomBytes(length),
  wall: () => Date.now(),
}
