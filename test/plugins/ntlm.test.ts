import { createHmac } from 'node:crypto'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { hopTools } from '../../src/node/hop-tools.ts'
import type { Tools } from '../../src/plugins/negotiator.ts'
import { ntlmAuthenticate, ntlmNegotiate, readNtlmChallenge } from '../../src/plugins/ntlm.ts'
import { bytesOf, hexOf } from '../../src/utf8.ts'
import { TYPE_2 } from './http-exchanges.ts'

/** 1601: the time of the examples is 0. */
const THEN = -11_644_473_600_000
const TOOLS: Tools = { ...hopTools, random: (length) => new Uint8Array(length).fill(0xaa), wall: () => THEN }
const LOGIN = { user: 'Domain\\User', password: 'Password' }

const FIELDS = ['lm', 'nt', 'domain', 'user', 'workstation', 'sessionKey'] as const

/** What stands in the fields of a type 3 message, as hex, and its flags. */
function fieldsOf(message: Uint8Array): Record<(typeof FIELDS)[number] | 'flags', string> {
  const view = new DataView(message.buffer, message.byteOffset)
  expect(hexOf(message.subarray(0, 12))).toBe('4e544c4d5353500003000000')
  const entries = FIELDS.map((name, i) => {
    const at = 12 + 8 * i
    const [length, room, offset] = [
      view.getUint16(at, true),
      view.getUint16(at + 2, true),
      view.getUint32(at + 4, true),
    ]
    expect(room).toBe(length)
    expect(offset + length).toBeLessThanOrEqual(message.length)
    return [name, hexOf(message.subarray(offset, offset + length))]
  })
  return { ...Object.fromEntries(entries), flags: hexOf(message.subarray(60, 64)) }
}

const answer = (type2: string, login = LOGIN, tools = TOOLS) => {
  const challenge = readNtlmChallenge(bytesOf(type2))
  if (!challenge) throw new Error('this is no type 2')
  return fieldsOf(ntlmAuthenticate(challenge, login, tools))
}
const utf16 = (text: string) => Buffer.from(text, 'utf16le').toString('hex')

describe('R9 NTLMv2 answers what [MS-NLMP] says', () => {
  const BLOB =
    '01010000000000000000000000000000aaaaaaaaaaaaaaaa00000000' +
    '02000c0044006f006d00610069006e0001000c00530065007200760065007200' +
    '0000000000000000'

  test('4.2.4: the proof, the blob, and the answer of LMv2', () => {
    const { lm, nt, domain, user, workstation, sessionKey, flags } = answer(TYPE_2)
    expect(nt).toBe(`68cd0ab851e51c96aabc927bebef6a1c${BLOB}`)
    expect(lm).toBe('86c35097ac9cec102554764a57cccc19aaaaaaaaaaaaaaaa')
    expect([domain, user, workstation, sessionKey]).toEqual([utf16('Domain'), utf16('User'), '', ''])
    // What both can do: Unicode, NTLM, always sign, extended session security, target info; what is not ours is not said.
    expect(flags).toBe('03828800')
  })

  test('the first message names nobody', () => {
    expect(hexOf(ntlmNegotiate())).toBe(`4e544c4d535350000100000007820800${'00'.repeat(16)}`)
  })

  /** Attributes of a target, behind those of the example's head. */
  const withInfo = (attributes: string) => {
    const length = Buffer.alloc(2)
    length.writeUInt16LE(attributes.length / 2)
    const field = length.toString('hex').repeat(2)
    return `${TYPE_2.slice(0, 80)}${field}30000000${attributes}`
  }

  test('a server that says its time gets that, and no answer of LMv2', () => {
    const { lm, nt } = answer(withInfo('07000800010203040506070800000000'))
    expect(nt.slice(32, 32 + 56)).toBe('01010000000000000102030405060708aaaaaaaaaaaaaaaa00000000')
    expect(lm).toBe('00'.repeat(24))
  })

  test('what stands behind the last attribute is none', () => {
    const { nt, lm } = answer(withInfo('0000000007000800010203040506070800000000'))
    expect(nt.slice(48, 64)).toBe('00'.repeat(8))
    expect(lm).not.toBe('00'.repeat(24))
  })

  test('without the time of a server it is ours', () => {
    const { nt } = answer(TYPE_2, LOGIN, { ...TOOLS, wall: () => Date.UTC(2000, 0, 1) + 0.7 })
    expect(nt.slice(32 + 16, 32 + 32)).toBe('00406d25eb53bf01')
  })

  test('a server that tells nothing of itself', () => {
    const bare = `${TYPE_2.slice(0, 40)}33820800${TYPE_2.slice(48, 64)}`
    expect(answer(bare).nt.slice(32)).toBe(`01010000000000000000000000000000aaaaaaaaaaaaaaaa0000000000000000`)
  })

  test('a user without a domain, and one of mail', () => {
    expect(answer(TYPE_2, { ...LOGIN, user: 'User' })).toMatchObject({ domain: '', user: utf16('User') })
    expect(answer(TYPE_2, { ...LOGIN, user: 'u@d.example' })).toMatchObject({ domain: '', user: utf16('u@d.example') })
  })

  test('the key is made of the user in capitals as Windows writes them, and of the domain as it is', () => {
    const keyed = (user: string, domain: string) => {
      const nt = hopTools.hash('md4', Buffer.from('Password', 'utf16le'))
      return createHmac('md5', nt)
        .update(Buffer.from(user + domain, 'utf16le'))
        .digest()
    }
    const { nt } = answer(TYPE_2, { user: 'dOmain\\straßé', password: 'Password' })
    const proof = createHmac('md5', keyed('STRAßÉ', 'dOmain')).update(bytesOf(`0123456789abcdef${nt.slice(32)}`))
    expect(nt.slice(0, 32)).toBe(proof.digest('hex'))
  })

  test('a server without Unicode gets bytes', () => {
    const { domain, user, flags } = answer(TYPE_2.replace('33828ae2', '32828ae2'))
    expect([domain, user, flags]).toEqual([
      Buffer.from('Domain').toString('hex'),
      Buffer.from('User').toString('hex'),
      '02828800',
    ])
  })

  test('of whatever bytes: a challenge that can be answered, or none', () => {
    const mangled = fc
      .tuple(fc.nat(TYPE_2.length / 2 - 1), fc.uint8Array({ minLength: 1, maxLength: 8 }), fc.nat(TYPE_2.length / 2))
      .map(([at, bytes, length]) => {
        const message = bytesOf(TYPE_2)
        message.set(bytes.subarray(0, message.length - at), at)
        return message.subarray(0, length)
      })
    fc.assert(
      fc.property(mangled, (bytes) => {
        const challenge = readNtlmChallenge(bytes)
        if (challenge) fieldsOf(ntlmAuthenticate(challenge, LOGIN, TOOLS))
      }),
      { numRuns: 2000 },
    )
  })
})
