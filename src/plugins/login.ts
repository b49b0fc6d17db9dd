/**
 * A user and a password, as they lie in a vault: UTF-8, the user on the first line, the password on the second, nothing
 * behind it. That is the form of OpenVPN's files with credentials, too.
 */
import { readUtf8 } from '../utf8.ts'

export interface Login {
  readonly user: string
  readonly password: string
}

/**
 * Reads it; carriage returns are dropped, and a byte-order mark, which editors leave. `undefined`: no text, no second line, a third one, no user, or control
 * characters, which no protocol of hops takes.
 */
export function loginOf(secret: Uint8Array): Login | undefined {
  const text = readUtf8(secret)
    ?.replace(/^\uFEFF/, '')
    .replaceAll('\r', '')
  const [user = '', password, ...more] = text?.split('\n') ?? []
  if (user === '' || password === undefined || more.some((line) => line !== '')) return undefined
  return /\p{Cc}/u.test(user + password) ? undefined : { user, password }
}
