/**
 * What a proxy wants to know of us: the challenges of its `Proxy-Authenticate` headers (RFC 9110, section 11). One header
 * may hold several, and its commas stand between challenges as well as between the parameters of one.
 */
import { trimmed } from './octets.ts'

export interface Challenge {
  /** In lower case: `basic`, `digest`, `ntlm`, ... */
  readonly scheme: string
  /** What stands alone behind the scheme: a message of NTLM. */
  readonly token?: string | undefined
  /** By name in lower case; of one that is given twice the first. Each character is a byte. */
  readonly parameters: ReadonlyMap<string, string>
}

const SCHEME = /[ \t,]*([!#$%&'*+.^_`|~\w-]+)(?=[ \t,]|$)/y
const TOKEN = /[ \t]+([\w.~+/-]+=*)[ \t]*(?=,|$)/y
// A realm with blanks and without quotes is wrong, often seen, and clear. No blank may be taken by two parts of the
// pattern: it would try every way to deal them out.
const PARAMETER = /[ \t,]*([!#$%&'*+.^_`|~\w-]+)[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*)"[ \t]*|([^", \t][^",]*))(?=,|$)/y
const END = /[ \t,]*$/y

/** Each value is read by itself: one that makes no sense takes no other with it. */
export function readChallenges(values: readonly string[]): readonly Challenge[] {
  return values.flatMap((value) => new Reader(value).challenges() ?? [])
}

class Reader {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  challenges(): readonly Challenge[] | undefined {
    const challenges: Challenge[] = []
    while (!this.#take(END)) {
      const [, scheme] = this.#take(SCHEME) ?? []
      if (scheme === undefined) return undefined
      const [, token] = this.#take(TOKEN) ?? []
      const parameters = token === undefined ? this.#parameters() : new Map<string, string>()
      challenges.push({ scheme: scheme.toLowerCase(), token, parameters })
    }
    return challenges
  }

  #parameters(): ReadonlyMap<string, string> {
    const found = new Map<string, string>()
    for (let match = this.#take(PARAMETER); match; match = this.#take(PARAMETER)) {
      const [, name = '', quoted, plain = ''] = match
      const key = name.toLowerCase()
      if (!found.has(key)) found.set(key, quoted === undefined ? trimmed(plain) : quoted.replace(/\\(.)/g, '$1'))
    }
    return found
  }

  #take(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.#at
    const match = pattern.exec(this.#text)
    if (match) this.#at = pattern.lastIndex
    return match ?? undefined
  }
}
