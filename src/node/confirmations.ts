/**
 * The confirmations of a client, with real keys and randomness. Keys come out of the vault here, at the last moment,
 * and go no further than the packet that they sign.
 */
import { createCipheriv, createHash, createHmac, randomBytes } from 'node:crypto'
import type { Confirmation } from '../config/schema.ts'
import { type ExchangeFactory, anyReply } from '../confirmation.ts'
import { type Failure, failure } from '../failure.ts'
import { hardReset, plain, tlsAuth, tlsCrypt, type Counter, type Hmac, type Wrapping } from '../openvpn-reset.ts'

/** Where a configuration's keys are. A static key of OpenVPN is 256 bytes. */
export interface KeySource {
  readonly open: (handle: string) => Uint8Array | undefined
}

type Wrap = Extract<Confirmation, { kind: 'openvpn' }>['wrap']

/** `wall`: seconds since 1970, for the replay counter of a signed packet. */
export function exchanges(keys: KeySource, wall = () => Math.floor(Date.now() / 1000)): ExchangeFactory {
  return (confirmation, { transport }) => {
    if (confirmation.kind === 'none' || confirmation.kind === 'peer') return undefined
    if (confirmation.kind === 'reply') return anyReply(new TextEncoder().encode(confirmation.text))
    const wrapping = wrappingOf(confirmation.wrap, keys, wall())
    return 'code' in wrapping ? wrapping : hardReset({ transport, sessionId: randomBytes(8), wrapping })
  }
}

function wrappingOf(wrap: Wrap, keys: KeySource, seconds: number): Wrapping | Failure {
  if (!wrap) return plain
  const key = keys.open(wrap.key)
  if (key?.length !== 256) return failure('BAD_KEY', 'confirm', `the ${wrap.kind} key is not there; load it again`)
  if (wrap.kind === 'tls-crypt') return tlsCrypt({ key, hmac: hmacOf('sha256'), counter, seconds })
  const digestLength = lengthOf(wrap.auth)
  if (digestLength === undefined)
    return failure('BAD_DIGEST', 'confirm', `this Node's OpenSSL has no digest "${wrap.auth}" ("auth")`)
  return tlsAuth({ key, direction: wrap.direction, hmac: hmacOf(wrap.auth), digestLength, seconds })
}

const hmacOf =
  (digest: string): Hmac =>
  (key, bytes) =>
    createHmac(digest, key).update(bytes).digest()

const counter: Counter = (key, iv, bytes) => createCipheriv('aes-256-ctr', key, iv).update(bytes)

/** Bytes that a digest makes; `undefined` for one that is not there. */
function lengthOf(digest: string): number | undefined {
  try {
    return createHash(digest).digest().length
  } catch {
    return undefined
  }
}
