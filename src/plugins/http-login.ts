/**
 * How we log in to a proxy: which of the ways that it offers is taken, and what is said on each. A way that was set is
 * never left for a weaker one, and nothing is tried twice.
 */
import { alternatives } from '../config/alternatives.ts'
import { hexOf, utf8 } from '../utf8.ts'
import { base64, readBase64 } from './base64.ts'
import { type Challenge, readChallenges } from './http-challenge.ts'
import { type DigestChallenge, digestAnswer, readDigest } from './http-digest.ts'
import type { Login } from './login.ts'
import type { Tools } from './negotiator.ts'
import { ntlmAuthenticate, ntlmNegotiate, readNtlmChallenge } from './ntlm.ts'

export type Scheme = 'digest' | 'ntlm' | 'basic'

/** `auto`: the strongest that is offered. `auto-nct`: the same, but nothing that shows the password. */
export const LOGIN_METHODS = ['none', 'basic', 'digest', 'ntlm', 'auto', 'auto-nct'] as const
export type LoginMethod = (typeof LOGIN_METHODS)[number]

/** What may be answered by each, the strongest first. */
const ALLOWED: Readonly<Record<LoginMethod, readonly Scheme[]>> = {
  none: [],
  basic: ['basic'],
  digest: ['digest'],
  ntlm: ['ntlm'],
  auto: ['digest', 'ntlm', 'basic'],
  'auto-nct': ['digest', 'ntlm'],
}

/** What may be told of what a proxy offers: it can put anything there, our own secrets, too. */
const NAMES = new Map([
  ['basic', 'Basic'],
  ['ntlm', 'NTLM'],
  ['digest', 'Digest'],
  ['negotiate', 'Negotiate'],
  ['kerberos', 'Kerberos'],
  ['bearer', 'Bearer'],
])

export interface LoginOrder {
  readonly method: LoginMethod
  /** What `method` needs, unless it is `none`. */
  readonly login: Login | undefined
  /** What is asked for: `vpn.example:443`. */
  readonly authority: string
  readonly tools: Tools
}

export interface Denial {
  readonly code: 'HOP_AUTH' | 'HOP_DOWNGRADE' | 'BAD_REPLY'
  /** Completes "the proxy ..."; nothing in it is the proxy's. */
  readonly problem: string
}

/** What the next request says. */
interface Answer {
  readonly authorization: string
  /** It means nothing on another connection. */
  readonly isBound: boolean
}

/** One way to log in, from the request that begins with it. */
interface Talk {
  readonly scheme: Scheme
  readonly opening: Answer
  /** To another 407; `undefined`: there is nothing left to say. */
  readonly goOn: (offered: readonly Challenge[]) => Answer | Denial | undefined
  /** The proxy has got what it needs to know that it is us. */
  readonly isShown: () => boolean
}

export class HttpLogin {
  readonly #order: LoginOrder
  #talk: Talk | undefined
  #answer: Answer | undefined

  constructor(order: LoginOrder) {
    this.#order = order
    // Nothing of the proxy's is needed to begin with these. Digest needs a nonce, and `auto` to know what there is.
    if (order.method === 'basic' || order.method === 'ntlm') this.#begin(this.#talkBy(order.method, []))
  }

  /** `Proxy-Authorization` of the next request. */
  get authorization(): string | undefined {
    return this.#answer?.authorization
  }

  /** The next request belongs on the connection on which it was asked for. */
  get isBound(): boolean {
    return this.#answer?.isBound ?? false
  }

  /** The connection is to live on between the messages of this way. */
  get isOfConnection(): boolean {
    return this.#talk?.scheme === 'ntlm'
  }

  /** A 407 with these `Proxy-Authenticate` headers. `undefined`: there is an answer to it. */
  challenged(values: readonly string[]): Denial | undefined {
    const offered = readChallenges(values)
    if (!this.#talk) return this.#choose(offered)
    const { scheme } = this.#talk
    if (!offered.some((challenge) => challenge.scheme === scheme)) return this.#unmet(offered)
    const answer = this.#talk.goOn(offered)
    if (answer && 'code' in answer) return answer
    this.#answer = answer
    return answer ? undefined : { code: 'HOP_AUTH', problem: 'refuses the login that is set for it' }
  }

  /** The proxy carries us; `undefined`: as it should. */
  accepted(): Denial | undefined {
    const { method } = this.#order
    const isDemanded = method === 'digest' || method === 'ntlm'
    if (!isDemanded || this.#talk?.isShown()) return undefined
    const problem = `does not ask for the login, although ${NAMES.get(method)} is set: it may not be the one that is meant`
    return { code: 'HOP_DOWNGRADE', problem }
  }

  #choose(offered: readonly Challenge[]): Denial | undefined {
    for (const scheme of ALLOWED[this.#order.method]) {
      const talk = offered.some((challenge) => challenge.scheme === scheme) && this.#talkBy(scheme, offered)
      if (!talk) continue
      this.#begin(talk)
      return undefined
    }
    return this.#unmet(offered)
  }

  #begin(talk: Talk | undefined): void {
    this.#talk = talk
    this.#answer = talk?.opening
  }

  /** `undefined`: what is offered cannot be answered, or there is nothing to answer it with. */
  #talkBy(scheme: Scheme, offered: readonly Challenge[]): Talk | undefined {
    const { login, authority, tools } = this.#order
    if (!login) return undefined
    switch (scheme) {
      case 'digest':
        return digestTalk(offered, { login, authority, tools })
      case 'ntlm':
        return ntlmTalk(login, tools)
      case 'basic':
        return basicTalk(login)
    }
  }

  /** The proxy wants what we do not do; why. */
  #unmet(offered: readonly Challenge[]): Denial {
    const { method, login } = this.#order
    const ways = namesOf(offered.map(({ scheme }) => scheme))
    if (method === 'none' || !login) {
      const problem = `wants a login (${ways}), and ${login ? '"none" is set' : 'there is none for it'}`
      return { code: 'HOP_AUTH', problem }
    }
    const wanted = this.#talk ? [this.#talk.scheme] : ALLOWED[method]
    const weaker = offered.map(({ scheme }) => scheme).filter((scheme) => isBelow(scheme, wanted))
    if (weaker.length === 0)
      return { code: 'HOP_AUTH', problem: `wants a login (${ways}) that "${method}" cannot give` }
    return { code: 'HOP_DOWNGRADE', problem: `offers ${namesOf(weaker)}, which is weaker than ${namesOf(wanted)}` }
  }
}

/** From the weakest on. Others are not compared. */
const STRENGTHS: readonly string[] = ['basic', 'ntlm', 'digest']
const isBelow = (scheme: string, wanted: readonly Scheme[]): boolean =>
  STRENGTHS.includes(scheme) && wanted.every((one) => STRENGTHS.indexOf(scheme) < STRENGTHS.indexOf(one))

function namesOf(schemes: readonly string[]): string {
  const names = [...NAMES].filter(([scheme]) => schemes.includes(scheme)).map(([, name]) => name)
  return names.length > 0 ? alternatives(names) : 'in a way that is not known here'
}

function basicTalk({ user, password }: Login): Talk | undefined {
  if (user.includes(':')) return undefined
  const authorization = `Basic ${base64(utf8(`${user}:${password}`))}`
  return { scheme: 'basic', opening: { authorization, isBound: false }, goOn: () => undefined, isShown: () => true }
}

interface DigestOrder extends Omit<LoginOrder, 'method'> {
  readonly login: Login
}

function digestTalk(offered: readonly Challenge[], { login, authority, tools }: DigestOrder): Talk | undefined {
  const answerTo = (challenge: DigestChallenge): Answer => {
    const request = { login, method: 'CONNECT', uri: authority, cnonce: hexOf(tools.random(16)) }
    return { authorization: `Digest ${digestAnswer(challenge, request, tools.hash)}`, isBound: false }
  }
  const first = strongest(offered.flatMap((challenge) => readDigest(challenge) ?? []))
  if (!first) return undefined
  let isRenewed = false
  const goOn = (again: readonly Challenge[]): Answer | undefined => {
    const challenges = again.flatMap((challenge) => readDigest(challenge) ?? [])
    const fresh = challenges.find(({ hash, isSession }) => hash === first.hash && isSession === first.isSession)
    if (isRenewed || !fresh?.isStale) return undefined
    isRenewed = true
    return answerTo(fresh)
  }
  return { scheme: 'digest', opening: answerTo(first), goOn, isShown: () => true }
}

const strongest = (challenges: readonly DigestChallenge[]): DigestChallenge | undefined =>
  challenges.find(({ hash }) => hash === 'sha256') ?? challenges[0]

function ntlmTalk(login: Login, tools: Tools): Talk {
  let isShown = false
  const goOn = (offered: readonly Challenge[]): Answer | Denial | undefined => {
    const token = offered.find(({ scheme }) => scheme === 'ntlm')?.token
    if (isShown || token === undefined) return undefined
    const bytes = readBase64(token)
    const challenge = bytes && readNtlmChallenge(bytes)
    if (!challenge) return { code: 'BAD_REPLY', problem: 'has sent an NTLM message that is none' }
    isShown = true
    return { authorization: `NTLM ${base64(ntlmAuthenticate(challenge, login, tools))}`, isBound: true }
  }
  const opening = { authorization: `NTLM ${base64(ntlmNegotiate())}`, isBound: false }
  return { scheme: 'ntlm', opening, goOn, isShown: () => isShown }
}
