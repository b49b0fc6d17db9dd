/**
 * Hops that carry us, and hops that refuse us in every way in which they can, most of them with what they were told about
 * us in their mouths.
 */
import { type Act, type Script, wanted } from '../proxies/scripted.ts'

export type Kind = 'http-proxy' | 'socks-proxy'

export const CRLF = '\r\n'
export const reply = (status: string, headers: readonly string[] = [], body = '') =>
  [`HTTP/1.1 ${status}`, ...headers, `Content-Length: ${body.length}`, '', body].join(CRLF)
export const asked = (challenge: string) => reply('407 Login wanted', [`Proxy-Authenticate: ${challenge}`])
/** What a request says about us, by itself: of a long text only the beginning may be quoted. */
export const loginIn = (request: Buffer) => /Authorization: \w+ (\S+)/.exec(request.toString('latin1'))?.[1] ?? ''
const headerIn = (request: Buffer) => /X-Token: (\S+)/.exec(request.toString('latin1'))?.[1] ?? ''
/** All of it, on one line. */
const mirrored = (request: Buffer) =>
  [loginIn(request), headerIn(request), request.toString('latin1')].join(' ').replaceAll(/[\r\n"]+/g, ' ')
const inEveryPart = (status: string, message: Buffer, ...headers: readonly string[]) => {
  const text = mirrored(message)
  return reply(`${status} ${text}`, [...headers, `X-You-Said: ${text}`], text + message.toString('latin1'))
}
export const carried = (message: Buffer): Act => ({
  carry: wanted(message),
  answer: reply('200 OK').replace(/Content.*\r\n/, ''),
})

const DIGEST = 'Digest realm="here", nonce="n0nce", qop="auth", algorithm=SHA-256'
// What Squid's `ntlm_fake_auth` says to everybody.
const NTLM = 'NTLM TlRMTVNTUAACAAAACQAJAK6qqqoHggii27XSyNztoJYAAAAAAAA6AFdPUktHUk9VUA=='
export const BASIC = 'Basic realm="here"'

/** Method, script, and how each run ends. */
export type Case = readonly [title: string, method: string, script: Script, outcome: string | RegExp]
const BROKEN = /^(CLOSED_BY_PEER|ECONNRESET) at negotiate 1$/

export const bytes = (...list: readonly number[]) => Buffer.from(list)
/** `then`: what follows a login that was let in. */
const socksAfter =
  (then: Script): Script =>
  (message, n) =>
    n === 0 ? bytes(5, 2) : then(message, n)
/** `then`: what follows the request. */
export const letIn = (then: (request: Buffer) => Act): Script =>
  socksAfter((message, n) => (n === 1 ? bytes(1, 0) : then(message)))
export const CARRIED = bytes(5, 0, 0, 1, 0, 0, 0, 0, 0, 0)
/** Of a request to an IPv4 address. */
export const carriedOn = (request: Buffer): Act => ({
  carry: { host: [...request.subarray(4, 8)].join('.'), port: request.readUInt16BE(8) },
  answer: CARRIED,
})

export const CARRIES: Readonly<Record<Kind, Case>> = {
  'http-proxy': [
    'carries us for Basic',
    'auto',
    (message, n) => (n === 0 ? asked(BASIC) : carried(message)),
    'connected',
  ],
  'socks-proxy': ['carries us', '', letIn(carriedOn), 'connected'],
}
export const REFUSES: Readonly<Record<Kind, Case>> = {
  'http-proxy': [
    'refuses Basic, and mirrors',
    'basic',
    (message) => inEveryPart('407', message, `Proxy-Authenticate: ${BASIC}`),
    'HOP_AUTH at negotiate 1',
  ],
  'socks-proxy': [
    'refuses the login, and mirrors',
    '',
    socksAfter((message) => Buffer.concat([bytes(1, 1), message])),
    'HOP_AUTH at negotiate 1',
  ],
}

export const HTTP: readonly Case[] = [
  CARRIES['http-proxy'],
  REFUSES['http-proxy'],
  ['carries us at once', 'basic', carried, 'connected'],
  ['carries us for Digest', 'digest', (message, n) => (n === 0 ? asked(DIGEST) : carried(message)), 'connected'],
  ['carries us for NTLM', 'ntlm', (message, n) => (n === 0 ? asked(NTLM) : carried(message)), 'connected'],
  ['refuses us, and mirrors', 'basic', (message) => inEveryPart('403', message), 'HOP_REFUSED at negotiate 1'],
  [
    'gives the header as its reason',
    'basic',
    (message) => reply(`403 ${headerIn(message)}`),
    'HOP_REFUSED at negotiate 1',
  ],
  ['says the login', 'basic', (message) => `${loginIn(message)}${CRLF}${CRLF}`, 'BAD_REPLY at negotiate 1'],
  ['says the header', 'basic', (message) => `${headerIn(message)}${CRLF}${CRLF}`, 'BAD_REPLY at negotiate 1'],
  [
    'refuses Digest, and mirrors',
    'digest',
    (message) => inEveryPart('407', message, `Proxy-Authenticate: ${DIGEST}`),
    'HOP_AUTH at negotiate 1',
  ],
  [
    'refuses NTLM, and mirrors',
    'ntlm',
    (message, n) => inEveryPart('407', message, `Proxy-Authenticate: ${n === 0 ? NTLM : 'NTLM'}`),
    'HOP_AUTH at negotiate 1',
  ],
  [
    'wants a login by a mirror',
    'digest',
    (message) => asked(`Digest realm="${mirrored(message)}", nonce="${mirrored(message)}", qop="auth"`),
    'HOP_AUTH at negotiate 1',
  ],
  [
    'offers methods of its own',
    'digest',
    (message) => asked(`${headerIn(message).replaceAll(/\W/g, '')} realm="${mirrored(message)}"`),
    /^(HOP_DOWNGRADE|BAD_REPLY|HOP_AUTH) at negotiate 1$/,
  ],
  ['is a mirror', 'basic', (message) => message, 'BAD_REPLY at negotiate 1'],
  [
    'mirrors without end',
    'basic',
    (message) => reply('200', [`X: ${mirrored(message).repeat(400)}`]),
    'REPLY_TOO_LONG at negotiate 1',
  ],
  ['says garbage', 'basic', () => Buffer.from([0x16, 3, 1, 2, 0, 1, 0, 10, 13, 10]), 'BAD_REPLY at negotiate 1'],
  ['resets', 'basic', () => ({ do: 'reset' }), BROKEN],
  ['closes', 'basic', () => ({ do: 'close' }), BROKEN],
  ['keeps silent', 'basic', () => ({ do: 'nothing' }), 'TIMEOUT at negotiate 1'],
]

export const SOCKS: readonly Case[] = [
  CARRIES['socks-proxy'],
  REFUSES['socks-proxy'],
  ['answers the login with the login', '', socksAfter((message) => message), 'HOP_AUTH at negotiate 1'],
  ['mirrors the request', '', letIn((request) => request), 'HOP_REFUSED at negotiate 1'],
  ['refuses us', '', letIn(() => bytes(5, 5, 0, 1, 0, 0, 0, 0, 0, 0)), 'HOP_REFUSED at negotiate 1'],
  [
    'mirrors the login as garbage',
    '',
    socksAfter((message) => message.subarray(2)),
    /^(BAD_REPLY|HOP_AUTH) at negotiate 1$/,
  ],
  ['resets', '', socksAfter(() => ({ do: 'reset' })), BROKEN],
  ['closes', '', socksAfter(() => ({ do: 'close' })), BROKEN],
  ['keeps silent', '', socksAfter(() => ({ do: 'nothing' })), 'TIMEOUT at negotiate 1'],
]
