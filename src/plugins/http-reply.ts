/**
 * The head of a proxy's reply (RFC 9112), byte by byte: what is said of it, and at which byte, does not depend on how the
 * bytes were cut. Reads no body.
 *
 * What is not clearly a head of HTTP/1 is refused, since behind its end the target's own bytes begin. Three liberties:
 * - A line may end with LF alone (section 2.2 allows it, and small proxies do it). A CR that stands anywhere else is
 *   refused: who took `\r\n\rX` for the end (CVE-2025-23167) and who does not see two different replies.
 * - A folded line goes on with the one above it, joined by a blank (section 5.2 demands it of clients).
 * - Empty lines before a reply are passed over: what is left of the body before (section 2.2).
 *
 * Each byte is looked at a limited number of times, however a head is made: whoever writes it must not hold us up.
 */
import { trimmed } from './octets.ts'

/** Bytes from the first one to the blank line, interim replies (1xx) included. Node and curl draw the same line. */
export const MAX_HEAD = 16_384
const MAX_LINE = 8_192
/** Folded lines count as well. */
const MAX_HEADERS = 100

export interface Reply {
  readonly status: number
  /** Behind the status, as the proxy put it; each character is a byte. */
  readonly reason: string
  /** HTTP/1.0, in which a connection ends with its reply. */
  readonly isOld: boolean
  readonly headers: readonly Header[]
  /** Bytes of the head. */
  readonly length: number
}

export interface Header {
  /** In lower case. */
  readonly name: string
  /** Each character is a byte. */
  readonly value: string
}

export interface Fault {
  readonly code: 'BAD_REPLY' | 'REPLY_TOO_LONG'
  /** Completes "the proxy ..."; quotes nothing. */
  readonly problem: string
  /** The line that is at fault, as far as it was read. */
  readonly said: string
}

export type HeadReading =
  | { readonly kind: 'more' }
  | { readonly kind: 'fault'; readonly fault: Fault }
  /** `rest`: what stands behind the blank line. */
  | { readonly kind: 'reply'; readonly reply: Reply; readonly rest: Uint8Array }

const HTTP = 'HTTP/'
const SSH = 'SSH-'
const [TAB, LF, CR] = [0x09, 0x0a, 0x0d] as const
const TOKEN = /^[!#$%&'*+.^_`|~\w-]+$/

export class HeadReader {
  #length = 0
  #headerCount = 0
  #line = ''
  #isBehindCr = false
  #status: StatusLine | undefined
  #headers: Header[] = []

  read(bytes: Uint8Array): HeadReading {
    for (const [at, byte] of bytes.entries()) {
      const fault = this.#take(byte)
      if (fault) return { kind: 'fault', fault }
      if (byte !== LF) continue
      const line = this.#isBehindCr ? this.#line.slice(0, -1) : this.#line
      this.#line = ''
      this.#isBehindCr = false
      const read = this.#endLine(line)
      if (read && 'code' in read) return { kind: 'fault', fault: read }
      if (read) return { kind: 'reply', reply: read, rest: bytes.subarray(at + 1) }
    }
    return { kind: 'more' }
  }

  /** A byte that is wrong wherever its line goes. */
  #take(byte: number): Fault | undefined {
    if (++this.#length > MAX_HEAD) return this.#tooLong(`has sent more than ${MAX_HEAD} bytes of head`)
    if (byte === LF) return undefined
    const isBehindCr = this.#isBehindCr
    this.#isBehindCr = byte === CR
    if (!isBehindCr && byte !== CR && this.#line.length === MAX_LINE) {
      return this.#tooLong(`has sent a line of more than ${MAX_LINE} bytes`)
    }
    this.#line += String.fromCharCode(byte)
    if (!this.#status && this.#isForeign()) return this.#bad(foreign(this.#line))
    if (isBehindCr) return this.#bad('has sent a carriage return that ends no line')
    const isControl = (byte < 0x20 && byte !== TAB && byte !== CR) || byte === 0x7f
    return isControl ? this.#bad('has sent a control character in its head') : undefined
  }

  /** Its first bytes tell another protocol, or none, before a line is over: such a hop would never end one. */
  #isForeign(): boolean {
    const line = this.#line
    if (line.length > HTTP.length) return false
    if (line.startsWith('\r') || line.startsWith(HTTP) || HTTP.startsWith(line)) return false
    return line === SSH || !SSH.startsWith(line)
  }

  /** `undefined`: the head goes on. */
  #endLine(line: string): Reply | Fault | undefined {
    if (!this.#status) return line === '' ? undefined : this.#begin(line)
    if (line !== '') return this.#header(line)
    const reply = { ...this.#status, headers: this.#headers, length: this.#length }
    if (reply.status >= 200) return reply
    // Behind it the proxy would speak something else, which nobody has asked it for.
    if (reply.status === 101) return this.#bad('switches to another protocol')
    this.#status = undefined
    this.#headers = []
    return undefined
  }

  #begin(line: string): Fault | undefined {
    const status = readStatusLine(line)
    if ('code' in status) return status
    this.#status = status
    return undefined
  }

  #header(line: string): Fault | undefined {
    if (++this.#headerCount > MAX_HEADERS) return this.#tooLong(`has sent more than ${MAX_HEADERS} header lines`, line)
    if (/^[ \t]/.test(line)) return this.#unfold(line)
    const colon = line.indexOf(':')
    const name = line.slice(0, Math.max(colon, 0))
    // A blank before the colon is no token either: section 5.1 tells why that is no matter of taste.
    if (!TOKEN.test(name)) return this.#bad('has sent a header line that is none', line)
    this.#headers.push({ name: name.toLowerCase(), value: trimmed(line.slice(colon + 1)) })
    return undefined
  }

  #unfold(line: string): Fault | undefined {
    const above = this.#headers.pop()
    if (!above) return this.#bad('has sent a folded line with nothing above it', line)
    const value = [above.value, trimmed(line)].filter((piece) => piece !== '').join(' ')
    this.#headers.push({ ...above, value })
    return undefined
  }

  #bad(problem: string, said = this.#line): Fault {
    return { code: 'BAD_REPLY', problem, said }
  }

  #tooLong(problem: string, said = this.#line): Fault {
    return { code: 'REPLY_TOO_LONG', problem, said }
  }
}

type StatusLine = Pick<Reply, 'status' | 'reason' | 'isOld'>

function readStatusLine(line: string): StatusLine | Fault {
  const bad = (problem: string): Fault => ({ code: 'BAD_REPLY', problem, said: line })
  // The blank behind the status is demanded (section 4), and often missing where there is no reason.
  const [, major, minor, status, reason = ''] = /^HTTP\/(\d)(?:\.(\d))? (\d{3})(?: (.*))?$/.exec(line) ?? []
  if (major === undefined) return bad('has sent a status line that is none')
  if (major !== '1' || minor === undefined) return bad('speaks another version of HTTP than 1')
  if (Number(status) < 100 || Number(status) > 599) return bad('has sent a status that there is not')
  return { status: Number(status), reason, isOld: minor === '0' }
}

/** Which protocol begins like that. */
function foreign(begin: string): string {
  if (begin === SSH) return 'does not speak HTTP: this looks like SSH'
  if (begin === '\x15' || begin === '\x16') return 'does not speak HTTP: this looks like TLS'
  if (begin === '\x00' || begin === '\x04' || begin === '\x05') return 'does not speak HTTP: this looks like SOCKS'
  return 'does not speak HTTP'
}

/** The members of a list that stands in headers of this name, in lower case. */
export function tokensOf({ headers }: Reply, ...names: readonly string[]): readonly string[] {
  const values = headers.filter(({ name }) => names.includes(name)).map(({ value }) => value)
  return values.flatMap((value) => value.split(',')).map((token) => trimmed(token).toLowerCase())
}
