/**
 * Digest (RFC 7616): a proof that we know the password, made for one nonce of the proxy. Here SHA-256 and MD5, both also
 * as `-sess`, with quality of protection `auth` or none (RFC 2069). Texts have bytes for characters.
 */
import { hexOf } from '../utf8.ts'
import type { Challenge } from './http-challenge.ts'
import type { Login } from './login.ts'
import type { Tools } from './negotiator.ts'
import { octets, utf8Text } from './octets.ts'

export interface DigestChallenge {
  readonly hash: 'sha256' | 'md5'
  readonly isSession: boolean
  /** As the proxy wrote it, which it gets back; MD5 without it. */
  readonly algorithm: string | undefined
  readonly realm: string
  readonly nonce: string
  readonly opaque: string | undefined
  readonly hasQop: boolean
  /** The answer was right, and its nonce is too old by now. */
  readonly isStale: boolean
}

const ALGORITHMS: ReadonlyMap<string, Pick<DigestChallenge, 'hash' | 'isSession'>> = new Map([
  ['md5', { hash: 'md5', isSession: false }],
  ['md5-sess', { hash: 'md5', isSession: true }],
  ['sha-256', { hash: 'sha256', isSession: false }],
  ['sha-256-sess', { hash: 'sha256', isSession: true }],
])

/** `undefined`: it cannot be answered, as it lacks something, or wants what is not known here. */
export function readDigest({ scheme, parameters }: Challenge): DigestChallenge | undefined {
  const [realm, nonce, algorithm, qop] = ['realm', 'nonce', 'algorithm', 'qop'].map((name) => parameters.get(name))
  const known = ALGORITHMS.get((algorithm ?? 'md5').toLowerCase())
  if (scheme !== 'digest' || !known || realm === undefined || nonce === undefined) return undefined
  const options = qop?.split(',').map((option) => option.trim().toLowerCase())
  if (options && !options.includes('auth')) return undefined
  const isStale = parameters.get('stale')?.toLowerCase() === 'true'
  return { ...known, algorithm, realm, nonce, opaque: parameters.get('opaque'), hasQop: options !== undefined, isStale }
}

export interface DigestRequest {
  readonly login: Login
  readonly method: string
  readonly uri: string
  /** Ours, in hexadecimal or base64; one for all requests with the same nonce. */
  readonly cnonce: string
  /** Of the requests with this nonce, from 1: a proxy may take one that it has seen for a replay. */
  readonly count: number
}

/** What stands behind `Digest ` in the header. */
export function digestAnswer(challenge: DigestChallenge, request: DigestRequest, hash: Tools['hash']): string {
  const { realm, nonce, opaque, algorithm, hasQop, isSession } = challenge
  const { method, uri, cnonce, count } = request
  const user = utf8Text(request.login.user)
  const digest = (text: string): string => hexOf(hash(challenge.hash, octets(text)))

  const secret = digest(`${user}:${realm}:${utf8Text(request.login.password)}`)
  const ha1 = isSession ? digest(`${secret}:${nonce}:${cnonce}`) : secret
  const ha2 = digest(`${method}:${uri}`)
  const nc = count.toString(16).padStart(8, '0')
  const response = digest(hasQop ? `${ha1}:${nonce}:${nc}:${cnonce}:auth:${ha2}` : `${ha1}:${nonce}:${ha2}`)
  return [
    `username=${quote(user)}`,
    `realm=${quote(realm)}`,
    `nonce=${quote(nonce)}`,
    `uri=${quote(uri)}`,
    ...(algorithm === undefined ? [] : [`algorithm=${algorithm}`]),
    ...(hasQop ? ['qop=auth', `nc=${nc}`] : []),
    ...(hasQop || isSession ? [`cnonce=${quote(cnonce)}`] : []),
    `response=${quote(response)}`,
    ...(opaque === undefined ? [] : [`opaque=${quote(opaque)}`]),
  ].join(', ')
}

const quote = (text: string): string => `"${text.replace(/["\\]/g, '\\$&')}"`
