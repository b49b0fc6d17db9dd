import { createCipheriv, createHmac } from 'node:crypto'
import { assert, integer, property, uniqueArray } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Counter, type Hmac, hardReset, plain, tlsAuth, tlsCrypt, type Wrapping } from '../src/openvpn-reset.ts'

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')
const unhex = (text: string) => Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'))
const join = (...parts: Uint8Array[]) => Uint8Array.from(Buffer.concat(parts))

const hmacOf =
  (digest: string): Hmac =>
  (key, bytes) =>
    createHmac(digest, key).update(bytes).digest()
const counter: Counter = (key, iv, bytes) => createCipheriv('aes-256-ctr', key, iv).update(bytes)

const SESSION = unhex('0102030405060708')
const SECONDS = 0x65000000
/** Byte i is i: each part of the key shows where it was taken from. */
const KEY = Uint8Array.from({ length: 256 }, (_, i) => i)

// Captured from OpenVPN 2.6.14.
const ANSWER = unhex('40 e9835c88fb675485 01 00000000 0102030405060708 00000000')
const [ANSWER_HEAD, ANSWER_BODY] = [ANSWER.subarray(0, 9), ANSWER.subarray(9)]

const udp = (wrapping: Wrapping) => hardReset({ transport: 'udp', sessionId: SESSION, wrapping })
const tcp = (wrapping: Wrapping) => hardReset({ transport: 'tcp', sessionId: SESSION, wrapping })

describe('hardReset', () => {
  it('is the 14 bytes that a client sends over UDP, with their length in front over TCP', () => {
    expect(hex(udp(plain).request)).toBe('3801020304050607080000000000')
    expect(hex(tcp(plain).request)).toBe('000e3801020304050607080000000000')
    expect(udp(plain).takeEarly).toBeUndefined()
  })

  it('is confirmed by the answer of a real server', () => {
    expect(udp(plain).receive(ANSWER)).toBe('confirmed')
  })

  it.each([
    ['nothing', ''],
    ['garbage', '48545450'],
    ['an answer to another session', '40 e9835c88fb675485 01 00000000 0102030405060709 00000000'],
    ['an answer that acknowledges nothing', '40 e9835c88fb675485 00 00000000'],
    ['an answer that has our session id, but no ack', '40 e9835c88fb675485 00 0102030405060708 00000000'],
    ['an answer cut off in the session id', '40 e9835c88fb675485 01 00000000 01020304'],
    ['an answer that claims more acks than it has', '40 e9835c88fb675485 ff 00000000 0102030405060708 00000000'],
    ['our own packet', '38 0102030405060708 00 00000000'],
    ['an acknowledgement alone', '28 e9835c88fb675485 01 00000000 0102030405060708'],
  ])('is not confirmed by %s', (_, text) => {
    expect(udp(plain).receive(unhex(text))).toBe('waiting')
  })

  it('finds our session id behind several acks', () => {
    const answer = unhex('40 e9835c88fb675485 02 00000000 00000001 0102030405060708 00000000')
    expect(udp(plain).receive(answer)).toBe('confirmed')
  })

  it('goes on waiting after a bad datagram', () => {
    const exchange = udp(plain)
    expect(exchange.receive(unhex('00'))).toBe('waiting')
    expect(exchange.receive(ANSWER)).toBe('confirmed')
  })

  describe('over TCP', () => {
    const framed = join(unhex('001a'), ANSWER)

    it('is confirmed however the answer is cut into chunks', () => {
      assert(
        property(uniqueArray(integer({ min: 1, max: framed.length - 1 })), (cuts) => {
          const exchange = tcp(plain)
          const ends = [...cuts.sort((a, b) => a - b), framed.length]
          const verdicts = ends.map((end, i) => exchange.receive(framed.subarray(ends[i - 1] ?? 0, end)))
          expect(verdicts).toEqual([...cuts.map(() => 'waiting'), 'confirmed'])
        }),
      )
    })

    it('is confirmed with more of the stream behind the answer', () => {
      expect(tcp(plain).receive(join(framed, new Uint8Array(70_000)))).toBe('confirmed')
    })

    it.each([
      ['HTTP/1.1 400 Bad Request\r\n', 'the peer does not speak OpenVPN'],
      ['SSH-2.0-OpenSSH_9.2', 'the peer does not speak OpenVPN'],
      ['\0\x01x', 'the peer does not speak OpenVPN'],
      ['\0\x0a0123456789', 'the peer answered, but not to our packet, or it signs with another key'],
    ])('fails at once on %j', (text, message) => {
      expect(tcp(plain).receive(Buffer.from(text, 'latin1'))).toEqual({ code: 'BAD_REPLY', stage: 'confirm', message })
    })
  })
})

// What OpenVPN's server does with the same key, written from its formats and not from our code.
const slice = (at: number, length: number) => KEY.subarray(at, at + length)
const REPLAY = unhex('00000001 65000000')
const [HEAD, BODY] = [unhex('38 0102030405060708'), unhex('00 00000000')]

describe('tlsAuth', () => {
  const ways = [
    ['SHA1', 20, undefined, 64, 64],
    ['SHA1', 20, 1, 192, 64],
    ['SHA256', 32, 0, 64, 192],
    ['SHA512', 64, 1, 192, 64],
  ] as const

  describe.each(ways)('%s (%i bytes), key-direction %s', (digest, digestLength, direction, sendsAt, receivesAt) => {
    const wrapping = tlsAuth({ key: KEY, direction, hmac: hmacOf(digest), digestLength, seconds: SECONDS })
    const mac = (at: number, head: Uint8Array, body: Uint8Array) =>
      hmacOf(digest)(slice(at, digestLength), join(REPLAY, head, body))
    const answer = join(ANSWER_HEAD, mac(receivesAt, ANSWER_HEAD, ANSWER_BODY), REPLAY, ANSWER_BODY)

    it('signs with the key of its direction', () => {
      expect(hex(udp(wrapping).request)).toBe(hex(join(HEAD, mac(sendsAt, HEAD, BODY), REPLAY, BODY)))
    })

    it('takes a genuine answer, and none with a single bit changed', () => {
      expect(udp(wrapping).receive(answer)).toBe('confirmed')
      for (let bit = 0; bit < answer.length * 8; bit++) {
        const forged = Uint8Array.from(answer)
        forged[bit >> 3] = (forged[bit >> 3] ?? 0) ^ (1 << (bit & 7))
        expect(udp(wrapping).receive(forged)).toBe('waiting')
      }
    })

    it('takes no answer that is cut off or unsigned', () => {
      for (let length = 0; length < answer.length; length++)
        expect(udp(wrapping).receive(answer.subarray(0, length))).toBe('waiting')
      expect(udp(wrapping).receive(ANSWER)).toBe('waiting')
      expect(tcp(wrapping).receive(join(unhex('001a'), ANSWER))).toMatchObject({ code: 'BAD_REPLY' })
    })
  })
})

describe('tlsCrypt', () => {
  const wrapping = tlsCrypt({ key: KEY, hmac: hmacOf('sha256'), counter, seconds: SECONDS })
  const seal = (at: number, head: Uint8Array, body: Uint8Array) => {
    const tag = hmacOf('sha256')(slice(at + 64, 32), join(head, REPLAY, body))
    return join(head, REPLAY, tag, counter(slice(at, 32), tag.subarray(0, 16), body))
  }
  const answer = seal(0, ANSWER_HEAD, ANSWER_BODY)

  it('wraps with the second key', () => {
    expect(hex(udp(wrapping).request)).toBe(hex(seal(128, HEAD, BODY)))
  })

  it('takes a genuine answer, and none with a single bit changed', () => {
    expect(udp(wrapping).receive(answer)).toBe('confirmed')
    for (let bit = 0; bit < answer.length * 8; bit++) {
      const forged = Uint8Array.from(answer)
      forged[bit >> 3] = (forged[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      expect(udp(wrapping).receive(forged)).toBe('waiting')
    }
  })

  it('takes no answer that is cut off, in clear, or our own', () => {
    for (let length = 0; length < answer.length; length++)
      expect(udp(wrapping).receive(answer.subarray(0, length))).toBe('waiting')
    expect(udp(wrapping).receive(ANSWER)).toBe('waiting')
    expect(udp(wrapping).receive(udp(wrapping).request)).toBe('waiting')
  })
})
