/**
 * The body of a reply, which is thrown away: only where it ends is of interest, since behind it the connection can be used
 * again. When that is unclear, nothing is guessed: a new connection costs less than a reply that is taken for another.
 */
import { MAX_HEAD, type Reply, tokensOf } from './http-reply.ts'

/** Bytes of one reply, head and body. A longer body is not worth waiting for. */
const MAX_REPLY = MAX_HEAD
/** Of a line between chunks: a length in hexadecimal and extensions, which nobody sends. */
const MAX_CHUNK_LINE = 256

export interface BodyReader {
  /** Takes bytes of the body. `rest`: what stands behind it. `lost`: nobody can tell where it ends. */
  readonly read: (bytes: Uint8Array) => { readonly rest: Uint8Array } | 'more' | 'lost'
}

/**
 * Whatever reads the body, if the connection lives on behind it (RFC 9112, sections 6.3 and 9.3); `undefined` if it does
 * not, or nobody can tell.
 */
export function bodyOf(reply: Reply): BodyReader | undefined {
  if (!staysOpen(reply)) return undefined
  const left = MAX_REPLY - reply.length
  const lengths = valuesOf(reply, 'content-length')
  const codings = valuesOf(reply, 'transfer-encoding')
  if (codings.length > 0) {
    // Both at once, or chunks in HTTP/1.0, is how replies are smuggled.
    const isChunked = codings.length === 1 && codings[0]?.toLowerCase() === 'chunked'
    return isChunked && lengths.length === 0 && !reply.isOld ? new ChunkedBody(left) : undefined
  }
  const [length = ''] = lengths
  const isClear = /^\d{1,9}$/.test(length) && lengths.every((other) => other === length)
  return isClear && Number(length) <= left ? new CountedBody(Number(length)) : undefined
}

/** `Proxy-Connection` is no header of any standard; old proxies say there what they mean. */
function staysOpen(reply: Reply): boolean {
  const options = tokensOf(reply, 'connection', 'proxy-connection')
  return !options.includes('close') && (!reply.isOld || options.includes('keep-alive'))
}

const valuesOf = ({ headers }: Reply, wanted: string): readonly string[] =>
  headers.filter(({ name }) => name === wanted).map(({ value }) => value)

class CountedBody implements BodyReader {
  #left: number

  constructor(length: number) {
    this.#left = length
  }

  read(bytes: Uint8Array): ReturnType<BodyReader['read']> {
    const taken = Math.min(bytes.length, this.#left)
    this.#left -= taken
    return this.#left === 0 ? { rest: bytes.subarray(taken) } : 'more'
  }
}

class ChunkedBody implements BodyReader {
  #left: number
  #line = ''
  #expected: 'length' | 'data' | 'end of data' | 'trailer' = 'length'
  #dataLeft = 0

  constructor(limit: number) {
    this.#left = limit
  }

  read(bytes: Uint8Array): ReturnType<BodyReader['read']> {
    for (const [at, byte] of bytes.entries()) {
      if (--this.#left < 0) return 'lost'
      if (this.#expected === 'data') {
        if (--this.#dataLeft === 0) this.#expected = 'end of data'
        continue
      }
      this.#line += String.fromCharCode(byte)
      if (this.#line.length > MAX_CHUNK_LINE) return 'lost'
      if (byte !== 0x0a) continue
      const end = this.#endLine()
      if (end !== 'more') return end === 'lost' ? end : { rest: bytes.subarray(at + 1) }
    }
    return 'more'
  }

  #endLine(): 'more' | 'lost' | 'end' {
    const line = this.#line
    this.#line = ''
    if (!line.endsWith('\r\n')) return 'lost'
    switch (this.#expected) {
      case 'trailer':
        return line === '\r\n' ? 'end' : 'more'
      case 'end of data':
        this.#expected = 'length'
        return line === '\r\n' ? 'more' : 'lost'
      default:
        return this.#beginChunk(line)
    }
  }

  #beginChunk(line: string): 'more' | 'lost' {
    const [, length] = /^([\da-f]{1,8})[ \t]*(?:;.*)?\r\n$/i.exec(line) ?? []
    if (length === undefined) return 'lost'
    this.#dataLeft = Number.parseInt(length, 16)
    this.#expected = this.#dataLeft === 0 ? 'trailer' : 'data'
    return 'more'
  }
}
