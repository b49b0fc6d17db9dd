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

type Scheme = 'digest' | 'ntlm' | 'basic'

/** `auto`: the strongest that is offered. `auto-nct`: the same, but nothing that shows the password. */
export const LOGIN_METHODS = ['none', 'basic', 'digest', 'ntlm', 'auto', 'auto-nct'] as const
export type LoginMethod = (typeof LOGIN_METHODS)[number]

/** What we may say of ourselves, and how. */
export interface Credentials extends Login {
  readonly method: Exclude<LoginMethod, 'none'>
}

/** What may be answered by each, the strongest first. */
const ALLOWED: Readonly<Record<Credentials['method'], readonly Scheme[]>> = {
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

export interface Denial {
  readonly code: 'HOP_AUTH' | 'HOP_DOWNGRADE' | 'BAD_REPLY'
  /** Completes "the proxy ..."; nothing in it is the proxy's. */
  readonly problem: string
}

/** What the next request says. */
interface Answer {
  /** Written for each request that says it. */
  readonly authorization: () => string
  /** It shows that it is us. */
  readonly isProof: boolean
  /** It means nothing on another connection. */
  readonly isBound: boolean
}

/** One way to log in, from the request that begins with it. */
interface Talk {
  readonly scheme: Scheme
  /** What is said first: on the connection on which this way was chosen, and on each one after it was gone to its end. */
  readonly begin: () => Answer
  /** To another 407; `undefined`: there is nothing left to say. */
  readonly goOn: (offered: readonly Challenge[]) => Answer | Denial | undefined
}

export class HttpLogin {
  readonly #credentials: Credentials | undefined
  /** What is asked for: `vpn.example:443`. */
  readonly #authority: string
  readonly #tools: Tools
  #talk: Talk | undefined
  #answer: Answer | undefined
  #isAccepted = false

  constructor(credentials: Credentials | undefined, authority: string, tools: Tools) {
    this.#credentials = credentials
    this.#authority = authority
    this.#tools = tools
    // Nothing of the proxy's is needed to begin with these. Digest needs a nonce, and `auto` to know what there is.
    if (credentials?.method === 'basic') this.#take(basicTalk(credentials))
    if (credentials?.method === 'ntlm') this.#take(ntlmTalk(credentials, tools))
  }

  /** Another connection. Where the last one was to carry us already, the login is given anew. */
  begin(): void {
    if (this.#isAccepted) this.#take(this.#talk)
    this.#isAccepted = false
  }

  /** `Proxy-Authorization` of the next request, and of none but that. */
  authorization(): string | undefined {
    return this.#answer?.authorization()
  }

  /** The next request belongs on the connection on which it was asked for. */
  get isBound(): boolean {
    return this.#answer?.isBound === true
  }

  /** The connection is to live on between the messages of this way. */
  get isOfConnection(): boolean {
    return this.#talk?.scheme === 'ntlm'
  }

  /** A 407 with these `Proxy-Authenticate` headers. `undefined`: there is an answer to it. */
  challenged(values: readonly string[]): Denial | undefined {
    const offered = readChallenges(values)
    if (!this.#credentials) return denial('HOP_AUTH', `wants a login (${namesIn(offered)}), and is to get none`)
    if (!this.#talk) return this.#choose(this.#credentials, offered)
    const { scheme, goOn } = this.#talk
    if (!isAmong(offered, scheme)) return unmet(offered, [scheme])
    const answer = goOn(offered)
    if (!answer) return REFUSED
    if ('code' in answer) return answer
    this.#answer = answer
    return undefined
  }

  /** A 401, which only a server has to say, and tinyproxy 1.11 says to a wrong login. `undefined`: there was none. */
  rejected(): Denial | undefined {
    return this.#answer && REFUSED
  }

  /** The proxy carries us; `undefined`: as it should. */
  accepted(): Denial | undefined {
    this.#isAccepted = true
    const method = this.#credentials?.method
    const isDemanded = method === 'digest' || method === 'ntlm'
    if (!isDemanded || this.#answer?.isProof) return undefined
    return denial(
      'HOP_DOWNGRADE',
      `does not ask for the login, although ${NAMES.get(method)} is set: is it the one that is meant?`,
    )
  }

  #choose(credentials: Credentials, offered: readonly Challenge[]): Denial | undefined {
    const allowed = ALLOWED[credentials.method]
    for (const scheme of allowed) {
      const talk = isAmong(offered, scheme) ? this.#talkBy(scheme, credentials, offered) : undefined
      if (talk) return this.#take(talk)
    }
    return unmet(offered, allowed)
  }

  #take(talk: Talk | undefined): undefined {
    this.#talk = talk
    this.#answer = talk?.begin()
  }

  /** `undefined`: what is offered cannot be answered. */
  #talkBy(scheme: Scheme, login: Login, offered: readonly Challenge[]): Talk | undefined {
    switch (scheme) {
      case 'digest':
        return digestTalk(login, this.#authority, this.#tools, offered)
      case 'ntlm':
        return ntlmTalk(login, this.#tools)
      case 'basic':
        return basicTalk(login)
    }
  }
}

const denial = (code: Denial['code'], problem: string): Denial => ({ code, problem })
const REFUSED = denial('HOP_AUTH', 'refuses the login that is set for it')

const isAmong = (offered: readonly Challenge[], wanted: Scheme): boolean =>
  offered.some(({ scheme }) => scheme === wanted)

/** Nothing that is offered is one of these, or none that could be answered. */
function unmet(offered: readonly Challenge[], wanted: readonly Scheme[]): Denial {
  const ours = namesOf(wanted)
  const weaker = offered.map(({ scheme }) => scheme).filter((scheme) => isBelow(scheme, wanted))
  if (weaker.length > 0) return denial('HOP_DOWNGRADE', `offers ${namesOf(weaker)}, which is weaker than ${ours}`)
  return denial('HOP_AUTH', `wants a login (${namesIn(offered)}) that cannot be given by ${ours}`)
}

/** From the weakest on. Others are not compared. */
const STRENGTHS: readonly string[] = ['basic', 'ntlm', 'digest']
const isBelow = (scheme: string, wanted: readonly Scheme[]): boolean =>
  STRENGTHS.includes(scheme) && wanted.every((one) => STRENGTHS.indexOf(scheme) < STRENGTHS.indexOf(one))

const namesIn = (offered: readonly Challenge[]): string => namesOf(offered.map(({ scheme }) => scheme))

function namesOf(schemes: readonly string[]): string {
  const names = [...NAMES].filter(([scheme]) => schemes.includes(scheme)).map(([, name]) => name)
  return names.length > 0 ? alternatives(names) : 'in a way that is not known here'
}

function basicTalk({ user, password }: Login): Talk | undefined {
  if (user.includes(':')) return undefined
  const authorization = `Basic ${base64(utf8(`${user}:${password}`))}`
  const answer: Answer = { authorization: () => authorization, isProof: true, isBound: false }
  return { scheme: 'basic', begin: () => answer, goOn: () => undefined }
}

function digestTalk(
  login: Login,
  uri: string,
  { hash, random }: Tools,
  offered: readonly Challenge[],
): Talk | undefined {
  const answerTo = (challenge: DigestChallenge): Answer => {
    // It stays with its nonce: of the first is what `-sess` hashes (RFC 7616, section 3.4.2), and Squid takes the last.
    const cnonce = hexOf(random(16))
    let count = 0
    const authorization = (): string => {
      const request = { login, method: 'CONNECT', uri, cnonce, count: ++count }
      return `Digest ${digestAnswer(challenge, request, hash)}`
    }
    return { authorization, isProof: true, isBound: false }
  }
  const first = strongest(offered.flatMap((challenge) => readDigest(challenge) ?? []))
  if (!first) return undefined
  let answer = answerTo(first)
  let isRenewed = false
  const begin = (): Answer => {
    isRenewed = false
    return answer
  }
  const goOn = (again: readonly Challenge[]): Answer | undefined => {
    const challenges = again.flatMap((challenge) => readDigest(challenge) ?? [])
    const fresh = challenges.find(({ hash, isSession }) => hash === first.hash && isSession === first.isSession)
    if (isRenewed || !fresh?.isStale) return undefined
    isRenewed = true
    answer = answerTo(fresh)
    return answer
  }
  return { scheme: 'digest', begin, goOn }
}

const strongest = (challenges: readonly DigestChallenge[]): DigestChallenge | undefined =>
  challenges.find(({ hash }) => hash === 'sha256') ?? challenges[0]

function ntlmTalk(login: Login, tools: Tools): Talk {
  const say = (message: Uint8Array, isProof: boolean): Answer => {
    const authorization = `NTLM ${base64(message)}`
    return { authorization: () => authorization, isProof, isBound: isProof }
  }
  let isOver = false
  const begin = (): Answer => {
    isOver = false
    return say(ntlmNegotiate(), false)
  }
  const goOn = (offered: readonly Challenge[]): Answer | Denial | undefined => {
    const token = offered.find(({ scheme }) => scheme === 'ntlm')?.token
    if (isOver || token === undefined) return undefined
    const bytes = readBase64(token)
    const challenge = bytes && readNtlmChallenge(bytes)
    if (!challenge) return denial('BAD_REPLY', 'has sent an NTLM message that is none')
    isOver = true
    return say(ntlmAuthenticate(challenge, login, tools), true)
  }
  return { scheme: 'ntlm', begin, goOn }
}
