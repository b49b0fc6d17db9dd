import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readChallenges } from '../../src/plugins/http-challenge.ts'

/** Short: `digest realm=a nonce=b`, or `ntlm TOKEN`. */
const read = (...values: readonly string[]) =>
  readChallenges(values).map(({ scheme, token, parameters }) =>
    [scheme, ...(token === undefined ? [] : [token]), ...Array.from(parameters, (pair) => pair.join('='))].join(' '),
  )

describe('R9 challenges are read as RFC 9110 writes them', () => {
  test.each<[rule: string, value: string, challenges: readonly string[]]>([
    ['a scheme alone', 'NTLM', ['ntlm']],
    ['a scheme and a token', 'NTLM TlRMTVNTUAAC+/==', ['ntlm TlRMTVNTUAAC+/==']],
    ['a scheme and parameters', 'Basic realm="a b"', ['basic realm=a b']],
    ['small letters for names, not for values', 'DIGEST ReaLM="Aa", QOP=Auth', ['digest realm=Aa qop=Auth']],
    ['several, with and without parameters', 'Negotiate, NTLM, Basic realm=x', ['negotiate', 'ntlm', 'basic realm=x']],
    ['a token, and another challenge', 'NTLM abc=, Basic realm="x"', ['ntlm abc=', 'basic realm=x']],
    [
      'commas in quotes',
      'Digest qop="auth,auth-int", realm="a, Basic b"',
      ['digest qop=auth,auth-int realm=a, Basic b'],
    ],
    ['escapes in quotes', String.raw`Basic realm="a \"b\" \\ \c"`, [String.raw`basic realm=a "b" \ c`]],
    ['an empty value', 'Basic realm=""', ['basic realm=']],
    ['blanks around the equals sign', 'Basic realm \t= "x" , a =b', ['basic realm=x a=b']],
    ['empty members of the list', ', ,Basic realm="x",, ,NTLM ,', ['basic realm=x', 'ntlm']],
    ['of a parameter that is given twice the first', 'Basic realm="a", REALM="b"', ['basic realm=a']],
    [
      'blanks in a value without quotes, which is wrong and clear',
      'Basic realm=My Proxy, x=y',
      ['basic realm=My Proxy x=y'],
    ],
    ['names of objects are no parameters', 'Basic __proto__=x', ['basic __proto__=x']],
    ['nothing', '', []],
    ['a quote that is not closed', 'Basic realm="x', []],
    ['text behind a quote', 'Basic realm="x"y', []],
    ['a parameter without a scheme', 'realm="x"', []],
    ['a character that no name has', 'Ba(sic', []],
  ])('%s', (_, value, challenges) => {
    expect(read(value)).toEqual(challenges)
  })

  test('one header that makes no sense takes no other with it', () => {
    expect(read('Digest realm="', 'Basic realm="x"', '()', 'NTLM')).toEqual(['basic realm=x', 'ntlm'])
  })

  test('what was written is read, whatever stands in quotes', () => {
    const token = fc.stringMatching(/^[a-z][a-z0-9-]{0,8}$/)
    const text = fc.string({ unit: fc.integer({ min: 0x20, max: 0xff }).map((code) => String.fromCharCode(code)) })
    const parameters = fc.uniqueArray(fc.tuple(token, text), { minLength: 1, maxLength: 4, selector: ([name]) => name })
    fc.assert(
      fc.property(fc.array(fc.tuple(token, parameters), { maxLength: 4 }), (challenges) => {
        const written = challenges.map(([scheme, all]) => {
          const pairs = all.map(([name, value]) => `${name}="${value.replace(/["\\]/g, '\\$&')}"`)
          return `${scheme} ${pairs.join(', ')}`
        })
        const found = readChallenges([written.join(', ')])
        expect(found.map(({ scheme, parameters }) => [scheme, [...parameters]])).toEqual(challenges)
      }),
    )
  })

  test('a header of the largest size is read in no time', () => {
    for (const value of ['a,'.repeat(8000), `a b="${'\\'.repeat(16_000)}`, ' '.repeat(16_000), 'a='.repeat(8000)]) {
      const start = performance.now()
      read(value)
      expect(performance.now() - start).toBeLessThan(500)
    }
  })
})
