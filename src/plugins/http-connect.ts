/**
 * One negotiation with an HTTP proxy: `CONNECT`, its reply, and as many more as the login takes; at most four
 * requests until it carries us.
 * A success is any 2xx (RFC 9110, section 9.3.6): what such a reply says of a body means nothing, and what stands behind
 * its blank line is the target's.
 *
 * Bytes of the proxy are quoted only where nobody on the way is told a secret: it may come back.
 */
import { concat } from '../concat.ts'
import { formatEndpoint, parseAddress } from '../endpoint.ts'
import { type BodyReader, bodyOf } from './http-body.ts'
import { type Credentials, type Denial, HttpLogin } from './http-login.ts'
import { type Fault, HeadReader, type Reply } from './http-reply.ts'
import { type HttpVersion, connectRequest } from './http-request.ts'
import type { Negotiator, Progress, Tools } from './negotiator.ts'
import { octets } from './octets.ts'
import { quoted } from './quoted.ts'

export interface ConnectOrder {
  /** As messages name it: `the HTTP proxy proxy.example:3128`. */
  readonly proxy: string
  readonly target: { readonly host: string; readonly port: number }
  readonly version: HttpVersion
  readonly agent: string | undefined
  /** Each character is a byte. */
  readonly headers: readonly string[]
  /** Without them no login is given. */
  readonly credentials: Credentials | undefined
  readonly tools: Tools
  readonly mayQuote: boolean
}

/** What one reply, or a part of it, comes to. `asked`: the next request was made, and may be answered by `rest`. */
type Turn = Progress | { readonly state: 'asked'; readonly rest: Uint8Array }

export class HttpConnect implements Negotiator {
  readonly #order: ConnectOrder
  readonly #authority: string
  readonly #login: HttpLogin
  #head = new HeadReader()
  /** The body of a 407, behind which the connection is used again. */
  #body: BodyReader | undefined

  constructor(order: ConnectOrder) {
    this.#order = order
    const { host, port } = order.target
    this.#authority = formatEndpoint({ address: parseAddress(host)?.address ?? host, port })
    this.#login = new HttpLogin(order.credentials, this.#authority, order.tools)
  }

  begin(): Progress {
    this.#login.begin()
    return { state: 'waiting', send: this.#ask() }
  }

  /** A proxy may answer faster than it is asked, and is taken at its word: how bytes are cut makes no difference. */
  receive(bytes: Uint8Array): Progress {
    let turn = this.#take(bytes)
    let send: Uint8Array | undefined
    while (turn.state === 'asked') {
      send = concat(send ?? [], this.#ask())
      turn = turn.rest.length > 0 ? this.#take(turn.rest) : { state: 'waiting' }
    }
    return send && (turn.state === 'waiting' || turn.state === 'done') ? { ...turn, send } : turn
  }

  #ask(): Uint8Array {
    const { version, agent, headers } = this.#order
    const [authority, authorization] = [this.#authority, this.#login.authorization()]
    this.#head = new HeadReader()
    this.#body = undefined
    return connectRequest({ authority, version, agent, headers, authorization, keepsAlive: this.#login.isOfConnection })
  }

  #take(bytes: Uint8Array): Turn {
    if (this.#body) return this.#drain(this.#body, bytes)
    const reading = this.#head.read(bytes)
    switch (reading.kind) {
      case 'more':
        return { state: 'waiting' }
      case 'fault':
        return this.#faulty(reading.fault)
      case 'reply':
        return this.#judge(reading.reply, reading.rest)
    }
  }

  #judge(reply: Reply, rest: Uint8Array): Turn {
    if (reply.status < 300) return this.#accepted(rest)
    const rejection = reply.status === 401 && this.#login.rejected()
    if (rejection) return this.#denied(rejection)
    if (reply.status !== 407) return this.#refused(reply)
    const challenges = reply.headers.filter(({ name }) => name === 'proxy-authenticate').map(({ value }) => value)
    const denial = this.#login.challenged(challenges)
    if (denial) return this.#denied(denial)
    this.#body = bodyOf(reply)
    return this.#body ? this.#drain(this.#body, rest) : this.#again()
  }

  #accepted(rest: Uint8Array): Progress {
    const denial = this.#login.accepted()
    if (denial) return this.#denied(denial)
    return rest.length > 0 ? { state: 'done', early: rest } : { state: 'done' }
  }

  #drain(body: BodyReader, bytes: Uint8Array): Turn {
    const read = body.read(bytes)
    if (read === 'more') return { state: 'waiting' }
    return read === 'lost' ? this.#again() : { state: 'asked', rest: read.rest }
  }

  /** The next request needs another connection, if it makes sense there. */
  #again(): Progress {
    if (!this.#login.isBound) return { state: 'reopen' }
    return this.#denied({ code: 'BAD_REPLY', problem: 'does not keep the connection on which NTLM takes place' })
  }

  #refused({ status, reason }: Reply): Progress {
    const said = reason === '' || !this.#order.mayQuote ? '' : ` ${quoted(octets(reason))}`
    const meaning =
      MEANINGS.get(status) ?? (status < 400 ? 'it points elsewhere, and it is not followed' : 'it refuses')
    return failed(
      'HOP_REFUSED',
      `${this.#order.proxy} answered ${status}${said} to CONNECT ${this.#authority}: ${meaning}`,
    )
  }

  #denied({ code, problem }: Denial): Progress {
    return failed(code, `${this.#order.proxy} ${problem}`)
  }

  #faulty({ code, problem, said }: Fault): Progress {
    const quote = said === '' || !this.#order.mayQuote ? '' : ` (${quoted(octets(said))})`
    return failed(code, `${this.#order.proxy} ${problem}${quote}`)
  }
}

const failed = (code: string, message: string): Progress => ({ state: 'failed', code, message })

const MEANINGS: ReadonlyMap<number, string> = new Map([
  [400, 'it does not understand the request'],
  [403, 'it does not allow that'],
  [404, 'it does not find the target'],
  [405, 'it does not carry connections'],
  [429, 'it has had too many requests'],
  [500, 'it has trouble of its own'],
  [501, 'it does not carry connections'],
  [502, 'it cannot reach the target'],
  [503, 'it is overloaded, or cannot reach the target'],
  [504, 'the target did not answer it in time'],
])
