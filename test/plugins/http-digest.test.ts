import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { hopTools } from '../../src/node/hop-tools.ts'
import { readChallenges } from '../../src/plugins/http-challenge.ts'
import { type DigestRequest, digestAnswer, readDigest } from '../../src/plugins/http-digest.ts'
import { asText, utf8Text } from '../../src/plugins/octets.ts'
import { utf8 } from '../../src/utf8.ts'

function answer(challenge: string, request: DigestRequest): string {
  const [read] = readChallenges([`Digest ${challenge}`]).map(readDigest)
  return read ? digestAnswer(read, request, hopTools.hash) : 'none'
}
const responseIn = (answer: string) => /response="([^"]*)"/.exec(answer)?.[1]

describe('R9 Digest answers what the RFCs say', () => {
  const RFC_7616: DigestRequest = {
    login: { user: 'Mufasa', password: 'Circle of Life' },
    method: 'GET',
    uri: '/dir/index.html',
    cnonce: 'f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ',
    count: 1,
  }
  const challengeBy = (algorithm: string) =>
    `realm="http-auth@example.org", qop="auth, auth-int", algorithm=${algorithm}, ` +
    'nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"'

  test('RFC 7616, section 3.9.1, SHA-256: the whole header', () => {
    expect(answer(challengeBy('SHA-256'), RFC_7616)).toBe(
      [
        'username="Mufasa"',
        'realm="http-auth@example.org"',
        'nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v"',
        'uri="/dir/index.html"',
        'algorithm=SHA-256',
        'qop=auth',
        'nc=00000001',
        'cnonce="f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"',
        'response="753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"',
        'opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"',
      ].join(', '),
    )
  })

  test('RFC 7616, section 3.9.1, MD5', () => {
    expect(responseIn(answer(challengeBy('MD5'), RFC_7616))).toBe('8ca523f5e9506fed4657c9700eebdbec')
  })

  const RFC_2617 = { ...RFC_7616, login: { user: 'Mufasa', password: 'Circle Of Life' }, cnonce: '0a4f113b' }
  const OLD = 'realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093"'

  test('RFC 2617, section 3.5', () => {
    expect(responseIn(answer(`${OLD}, qop="auth,auth-int"`, RFC_2617))).toBe('6629fae49393a05397450978507c4ef1')
  })

  test('RFC 2069, section 2.4, as its errata correct it', () => {
    const request = { ...RFC_2617, login: { user: 'Mufasa', password: 'CircleOfLife' } }
    const said = answer(OLD, request)
    expect(responseIn(said)).toBe('1949323746fe6a43ef61f9606e7febea')
    expect(said).not.toMatch(/qop|nc=|cnonce|algorithm|opaque/)
  })

  test('the count of a nonce has eight digits, in hexadecimal', () => {
    const h = (text: string) => createHash('md5').update(text).digest('hex')
    const { login, cnonce } = RFC_7616
    const said = answer('realm="r", nonce="n", qop="auth"', { ...RFC_7616, count: 26 })
    expect(said).toContain(', nc=0000001a, ')
    const ha1 = h(`${login.user}:r:${login.password}`)
    expect(responseIn(said)).toBe(h(`${ha1}:n:0000001a:${cnonce}:auth:${h('GET:/dir/index.html')}`))
  })

  test.each(['MD5', 'SHA-256'])('%s-sess, after the formula of section 3.4.2', (algorithm) => {
    const h = (text: string) => createHash(algorithm.replace('-', '').toLowerCase()).update(text).digest('hex')
    const { login, cnonce } = RFC_7616
    const ha1 = h(`${h(`${login.user}:r:${login.password}`)}:n:${cnonce}`)
    const expected = h(`${ha1}:n:00000001:${cnonce}:auth:${h('GET:/dir/index.html')}`)
    expect(responseIn(answer(`realm="r", nonce="n", qop=auth, algorithm=${algorithm}-sess`, RFC_7616))).toBe(expected)
    const legacy = answer(`realm="r", nonce="n", algorithm=${algorithm}-SESS`, RFC_7616)
    expect(responseIn(legacy)).toBe(h(`${ha1}:n:${h('GET:/dir/index.html')}`))
    expect(legacy).toContain(`cnonce="${cnonce}"`)
  })

  test('a login is UTF-8, and a realm what the proxy sent', () => {
    const login = { user: 'Jäsøn "J" \\', password: 'Sécret' }
    const said = answer('realm="\xe9", nonce="n"', { ...RFC_7616, login })
    const h = (bytes: Buffer) => createHash('md5').update(bytes).digest('hex')
    const ha1 = h(Buffer.concat([utf8(`${login.user}:`), Buffer.of(0xe9), utf8(`:${login.password}`)]))
    expect(responseIn(said)).toBe(h(Buffer.from(`${ha1}:n:${h(Buffer.from('GET:/dir/index.html'))}`)))
    expect(said).toContain(`username="${utf8Text(String.raw`Jäsøn \"J\" \\`)}"`)
    expect(said).toContain(`realm="${asText(Uint8Array.of(0xe9))}"`)
  })

  test.each([
    ['no realm', 'nonce="n"'],
    ['no nonce', 'realm="r"'],
    ['an algorithm that is not known', 'realm="r", nonce="n", algorithm=SHA-512-256'],
    ['protection of bodies alone', 'realm="r", nonce="n", qop="auth-int"'],
    ['an empty quality of protection', 'realm="r", nonce="n", qop=""'],
  ])('with %s there is no answer', (_, challenge) => {
    expect(answer(challenge, RFC_7616)).toBe('none')
  })

  test('another scheme is no Digest', () => {
    expect(readChallenges(['Basic realm="r", nonce="n"']).map(readDigest)).toEqual([undefined])
  })
})
