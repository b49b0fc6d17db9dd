/** SOCKS4, and 4a where the target is a name. A user, no password; no IPv6, no datagrams. */
import { formatEndpoint, parseAddress } from '../endpoint.ts'
import { utf8 } from '../utf8.ts'
import { type Refusal, type ReplyReader, conversation } from './conversation.ts'
import type { Negotiator } from './negotiator.ts'
import { quoted } from './quoted.ts'
import { strangerOf } from './socks-stranger.ts'

export interface Socks4Request {
  /** How messages call it. */
  readonly proxy: string
  readonly target: { readonly host: string; readonly port: number }
  readonly user: string | undefined
  readonly mayQuote: boolean
}

const VERSION = 4
const CONNECT = 1
const GRANTED = 0x5a
/** Version, code, and six bytes that mean nothing to who connects. */
const REPLY = 8
/** 0.0.0.1: the name stands at the end (4a). */
const NAME_FOLLOWS = [0, 0, 0, 1]

export function socks4({ proxy, target, user, mayQuote }: Socks4Request): Negotiator {
  const readReply: ReplyReader = (bytes) => {
    const [version, code] = bytes
    if (version === undefined) return undefined
    if (version !== 0) return stranger(version)
    if (code === undefined) return undefined
    if (code !== GRANTED) return refused(code)
    return bytes.length < REPLY ? undefined : { state: 'done', length: REPLY }
  }

  const failed = (code: string, what: string): Refusal => ({ state: 'failed', code, message: `${proxy} ${what}` })

  const stranger = (first: number): Refusal =>
    failed('BAD_REPLY', `does not answer as SOCKS4 does: ${strangerOf(first) ?? `it begins with ${shown(first)}`}`)

  const refused = (code: number): Refusal => {
    const [kind, why] = REFUSALS.get(code) ?? ['HOP_REFUSED', `its answer is none that SOCKS4 has (${shown(code)})`]
    return failed(kind, `does not connect us to ${formatEndpoint({ address: target.host, port: target.port })}: ${why}`)
  }

  const shown = (byte: number): string => (mayQuote ? quoted(Uint8Array.of(byte)) : 'a byte that is not shown')

  return conversation(requestFor(target, user ?? ''), readReply)
}

function requestFor({ host, port }: Socks4Request['target'], user: string): Uint8Array {
  const isLiteral = parseAddress(host) !== undefined
  const address = isLiteral ? host.split('.').map(Number) : NAME_FOLLOWS
  const name = isLiteral ? [] : [...utf8(host), 0]
  return Uint8Array.of(VERSION, CONNECT, port >> 8, port & 0xff, ...address, ...utf8(user), 0, ...name)
}

const REFUSALS: ReadonlyMap<number, readonly [code: string, why: string]> = new Map([
  [0x5b, ['HOP_REFUSED', 'it refuses, or it failed']],
  [0x5c, ['HOP_AUTH', 'it asked this machine who we are (identd), and got no answer']],
  [0x5d, ['HOP_AUTH', 'this machine (identd) names another user than the login does']],
])
