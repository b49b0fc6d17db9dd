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
    ['a value without quotes to its last byte', 'Basic realm=Voil\xc3\xa0 ,x=y', ['basic realm=Voil\xc3\xa0 x=y']],
    ['nothing', '', []],
    ['blanks in place of a value', 'Basic realm= , x=y', []],
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

  // What grows faster than the text would take minutes here.
  const LONG = 100_000
  const blanks = ' '.repeat(LONG)
  test.each<[made: string, value: string]>([
    ['schemes', 'a,'.repeat(LONG / 10)],
    ['a scheme that is none', `${'a'.repeat(LONG)}(`],
    ['parameters', `a ${'b=c,'.repeat(LONG / 10)}`],
    ['names', 'a='.repeat(LONG)],
    ['a token with a foreign end', `a ${'b'.repeat(LONG)}(`],
    ['blanks', blanks],
    ['blanks and commas, with a foreign end', `${' ,'.repeat(LONG)}(`],
    ['blanks before an equals sign that is missing', `a b${blanks}c`],
    ['blanks before a value that is none', `a b=${blanks}c"`],
    ['blanks before a quote that is not closed', `a b=${blanks}"`],
    ['blanks behind a value that is none', `a b=c${blanks}"`],
    ['blanks behind a quote, and text', `a b="c"${blanks}d`],
    ['blanks in a quote that is not closed', `a b="${blanks}`],
    ['escapes in a quote that is not closed', `a b="${'\\'.repeat(LONG)}`],
  ])('S7 a value is read in time that grows with its length: %s', (_, value) => {
    const start = performance.now()
    read(value)
    expect(performance.now() - start).toBeLessThan(2000)
  })
})
