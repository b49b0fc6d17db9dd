/** The request to be carried: `CONNECT` (RFC 9110, section 9.3.6), and what may stand in it. */
import { hostProblem, parseAddress } from '../endpoint.ts'
import type { LoginMethod } from './http-login.ts'
import type { Login } from './login.ts'
import { octets } from './octets.ts'

export const HTTP_VERSIONS = ['1.1', '1.0'] as const
export type HttpVersion = (typeof HTTP_VERSIONS)[number]

/** OpenVPN's MAX_CUSTOM_HTTP_HEADER. */
export const MAX_CUSTOM_HEADERS = 10
const MAX_CUSTOM_HEADER = 8_192
export const MAX_AGENT = 256

export interface ConnectRequest {
  /** `vpn.example:443`, `[2001:db8::1]:443`. */
  readonly authority: string
  readonly version: HttpVersion
  /** Each character is a byte, as in all that follows. */
  readonly agent: string | undefined
  readonly headers: readonly string[]
  readonly authorization: string | undefined
  /** The connection is needed after the reply. */
  readonly keepsAlive: boolean
}

export function connectRequest(request: ConnectRequest): Uint8Array {
  const { authority, version, agent, headers, authorization, keepsAlive } = request
  const names = new Set(headers.map(nameOf))
  const lines = [
    `CONNECT ${authority} HTTP/${version}`,
    ...(names.has('host') ? [] : [`Host: ${authority}`]),
    ...(agent === undefined || names.has('user-agent') ? [] : [`User-Agent: ${agent}`]),
    // HTTP/1.1 needs no word about it. OpenVPN says this one, which proxies of those days know.
    ...(keepsAlive && version === '1.0' ? ['Proxy-Connection: Keep-Alive'] : []),
    ...headers,
    ...(authorization === undefined ? [] : [`Proxy-Authorization: ${authorization}`]),
  ]
  return octets(`${lines.join('\r\n')}\r\n\r\n`)
}

const nameOf = (header: string): string => header.slice(0, header.indexOf(':')).toLowerCase()

/** Why a proxy cannot be asked for this host, for a person. It goes into the request as it is, so nothing is cut off. */
export function targetProblem(host: string): string | undefined {
  const problem = hostProblem(host)
  if (problem !== undefined) return problem
  if (parseAddress(host)?.address.includes('%')) return 'a zone (%interface) means nothing on another machine'
  return undefined
}

// They say where a request ends: with any of them the proxy waits for a body, or takes the target's bytes for one.
const FRAMING = new Set(['content-length', 'transfer-encoding', 'trailer', 'upgrade'])

/** Why a line cannot be a header of ours, for a person; it is not quoted. */
export function headerProblem(header: string): string | undefined {
  if (/[\r\n\0]/.test(header)) return 'a header is one line, without NUL'
  // eslint-disable-next-line no-control-regex -- they are what is looked for
  if (/[\u0000-\u0008\u000a-\u001f\u007f]/.test(header)) return 'a header has no control characters'
  if (!/^[!#$%&'*+.^_`|~\w-]+:/.test(header)) return 'a header is a name, a colon, and a value'
  if (header.length > MAX_CUSTOM_HEADER) return `a header has at most ${MAX_CUSTOM_HEADER} bytes`
  return FRAMING.has(nameOf(header)) ? 'this request has no body, so no header may speak of one' : undefined
}

/** A login of somebody's own making: not beside ours. */
export const isLoginHeader = (header: string): boolean => nameOf(header) === 'proxy-authorization'
export const TWO_LOGINS = 'there is a login already, and only one can be given'

export function agentProblem(agent: string): string | undefined {
  if (agent.trim() === '' || agent.length > MAX_AGENT) return `an agent has 1 to ${MAX_AGENT} characters`
  return /\p{Cc}/u.test(agent) ? 'an agent has no control characters' : undefined
}

/** Why a login cannot be given, for a person; it is not quoted. */
export function loginProblem({ user }: Login, method: LoginMethod): string | undefined {
  return method === 'basic' && user.includes(':') ? 'a user with a colon cannot log in by basic' : undefined
}
