/**
 * SOCKS5 (RFC 1928) with user and password (RFC 1929): a connection, or a relay for datagrams. The greeting offers what
 * we are ready to do and nothing else: who has a login never goes without.
 */
import { type Transport, formatEndpoint } from '../endpoint.ts'
import { utf8 } from '../utf8.ts'
import { type Refusal, type ReplyReader, conversation } from './conversation.ts'
import type { Login } from './login.ts'
import type { Negotiator } from './negotiator.ts'
import { quoted } from './quoted.ts'
import { readSocksAddress, socksAddress } from './socks-address.ts'
import { socksRelay } from './socks-datagram.ts'
import { strangerOf } from './socks-stranger.ts'

export interface Socks5Request {
  /** How messages call it. */
  readonly proxy: string
  readonly target: { readonly host: string; readonly port: number }
  readonly transport: Transport
  readonly login: Login | undefined
  readonly mayQuote: boolean
}

const VERSION = 5
/** Of the sub-negotiation of RFC 1929, which some proxies write as 5. */
const LOGIN_VERSION = 1

const NO_LOGIN = 0x00
const USER_AND_PASSWORD = 0x02
const NOTHING_OFFERED = 0xff

const CONNECT = 1
const UDP_ASSOCIATE = 3
/** We send from no address that we could name yet. */
const ANY_SOURCE = { host: '0.0.0.0', port: 0 }

export function socks5({ proxy, target, transport, login, mayQuote }: Socks5Request): Negotiator {
  const method = login ? USER_AND_PASSWORD : NO_LOGIN
  const [command, named] = transport === 'tcp' ? [CONNECT, target] : [UDP_ASSOCIATE, ANY_SOURCE]
  const request = Uint8Array.of(VERSION, command, 0, ...socksAddress(named))

  const readMethod: ReplyReader = ([version, chosen]) => {
    if (version === undefined) return undefined
    if (version !== VERSION) return stranger(version)
    if (chosen === undefined) return undefined
    if (chosen !== method) return otherMethod(chosen)
    if (!login) return { state: 'next', length: 2, send: request, reader: readReply }
    return { state: 'next', length: 2, send: loginRequest(login), reader: readStatus }
  }

  const readStatus: ReplyReader = ([version, status]) => {
    if (version === undefined) return undefined
    if (version !== LOGIN_VERSION && version !== VERSION) return stranger(version)
    if (status === undefined) return undefined
    if (status !== 0) return failed('HOP_AUTH', 'refuses the login: the user or the password is wrong')
    return { state: 'next', length: 2, send: request, reader: readReply }
  }

  const readReply: ReplyReader = (bytes) => {
    const [version, code] = bytes
    if (version === undefined) return undefined
    if (version !== VERSION) return stranger(version)
    if (code === undefined) return undefined
    if (code !== 0) return refused(code)
    const bound = readSocksAddress(bytes.subarray(3))
    if (bound === 'cut') return undefined
    if (bound === 'unknown') return failed('BAD_REPLY', 'answers with an address of a type that SOCKS5 does not have')
    const length = 3 + bound.length
    if (transport === 'tcp') return { state: 'done', length }
    if (bound.type === 'name') return failed('BAD_REPLY', 'gives its relay a name, where only an address can stand')
    if (bound.port === 0) return failed('BAD_REPLY', 'gives its relay the port 0')
    return { state: 'done', length, relay: socksRelay(bound, target) }
  }

  const failed = (code: string, what: string): Refusal => ({ state: 'failed', code, message: `${proxy} ${what}` })

  const stranger = (first: number): Refusal =>
    failed('BAD_REPLY', `does not answer as SOCKS5 does: ${strangerOf(first) ?? `it begins with ${shown(first)}`}`)

  const otherMethod = (chosen: number): Refusal => {
    const isWeaker = chosen === NO_LOGIN || chosen === NOTHING_OFFERED
    if (login && isWeaker) return failed('HOP_DOWNGRADE', 'takes no user and password, and we do not go without')
    const wantsLogin = chosen === USER_AND_PASSWORD || chosen === NOTHING_OFFERED
    if (wantsLogin) return failed('HOP_AUTH', 'wants a login, and none is set')
    return failed('BAD_REPLY', `chose a way to log in that was not offered (${shown(chosen)})`)
  }

  const refused = (code: number): Refusal => {
    const why = REFUSALS.get(code) ?? `it gives a reason that SOCKS5 does not have (${shown(code)})`
    const what = transport === 'tcp' ? 'does not connect us to' : 'does not relay datagrams to'
    const where = formatEndpoint({ address: target.host, port: target.port })
    return failed('HOP_REFUSED', `${what} ${where}: ${why}`)
  }

  const shown = (byte: number): string => (mayQuote ? quoted(Uint8Array.of(byte)) : 'a byte that is not shown')

  return conversation(Uint8Array.of(VERSION, 1, method), readMethod)
}

function loginRequest({ user, password }: Login): Uint8Array {
  const [name, secret] = [utf8(user), utf8(password)]
  return Uint8Array.of(LOGIN_VERSION, name.length, ...name, secret.length, ...secret)
}

/** RFC 1928, section 6. */
const REFUSALS = new Map([
  [1, 'it failed, and does not say at what'],
  [2, 'its rules forbid it'],
  [3, 'it has no route to that network'],
  [4, 'it has no route to that host, or does not know the name'],
  [5, 'the connection was refused there'],
  [6, 'the packets did not get there (TTL expired)'],
  [7, 'it does not do that'],
  [8, 'it does not know this type of address'],
])
