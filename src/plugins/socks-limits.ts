/** What the versions of SOCKS cannot say, in words for a person: judged before anything is opened, and again before it is sent. */
import { parseAddress } from '../endpoint.ts'
import { utf8 } from '../utf8.ts'
import type { Login } from './login.ts'
import { MAX_NAME } from './socks-address.ts'

/** 4: with names, which is called 4a. */
export type SocksVersion = '4' | '5'

/** RFC 1929: each has one byte for its length. */
const MAX_LOGIN = 255

/** Why a target cannot be named; `undefined` when it can. Completes "HOST cannot be reached through it: ...". */
export function targetProblem(host: string, version: SocksVersion): string | undefined {
  const literal = parseAddress(host)
  if (!literal) return nameProblem(host)
  if (literal.address.includes('%')) return 'a zone (%interface) means nothing on another machine'
  if (version === '5') return undefined
  if (literal.family === 'ipv6') return 'SOCKS4 knows no IPv6'
  return literal.address.startsWith('0.0.0.') ? 'SOCKS4 takes such an address for a name' : undefined
}

// In SOCKS4a a NUL ends the name, and the request.
function nameProblem(name: string): string | undefined {
  if (!/^[!-~]+$/.test(name)) return 'a name is written in ASCII, without blanks and control characters'
  return name.length > MAX_NAME ? `a name has at most ${MAX_NAME} bytes there` : undefined
}

/** Why a login cannot be sent; `undefined` when it can. Quotes nothing of it. */
export function loginProblem({ user, password }: Login, version: SocksVersion): string | undefined {
  if (utf8(user).length > MAX_LOGIN) return `the user has more than ${MAX_LOGIN} bytes`
  if (version === '4') return password === '' ? undefined : 'SOCKS4 has no passwords, only a user'
  if (password === '') return 'the password is empty'
  return utf8(password).length > MAX_LOGIN ? `the password has more than ${MAX_LOGIN} bytes` : undefined
}
