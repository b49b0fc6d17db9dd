/** What HTTP proxies say, good and bad, and what has to come of it: one row for each rule or fault. */
import { base64 } from '../../src/plugins/base64.ts'
import { utf8Text } from '../../src/plugins/octets.ts'
import { bytesOf } from '../../src/utf8.ts'

export interface HttpRow {
  /** The rule that holds, or the fault. */
  readonly name: string
  readonly settings?: Readonly<Record<string, string | readonly string[]>>
  /** The bytes in the vault, as text. */
  readonly login?: string
  readonly headers?: readonly string[]
  /** `vpn.example:443` without it. */
  readonly target?: readonly [host: string, port: number]
  readonly transport?: 'udp'
  /** As the engine has it without: true where no secret is told. */
  readonly mayQuote?: false
  /**
   * What the proxy says to each request; each character is a byte. What stands behind a success is said on another
   * connection, for which a hop behind it asked.
   */
  readonly replies: readonly string[]
  /** What we say, request by request; a text is the whole of it. */
  readonly requests?: readonly (string | RegExp)[]
  /** How many connections it takes; one without it. */
  readonly connections?: number
  /** The bytes of the target that came with the last reply. */
  readonly carried?: string
  readonly fails?: readonly [code: string, message: RegExp]
  /** More has to come: neither done nor failed. */
  readonly waits?: true
}

export const CANARY = 'c4n4ry-7ad01be92f'
const USER = `ann-${CANARY}`
const PASSWORD = `${CANARY}-word`
export const LOGIN = `${USER}\n${PASSWORD}`
const BASIC = `Basic ${base64(bytesOf(Buffer.from(`${USER}:${PASSWORD}`).toString('hex')))}`

const OK = 'HTTP/1.1 200 Connection established\r\n\r\n'
const FIRST = 'CONNECT vpn.example:443 HTTP/1.1\r\nHost: vpn.example:443\r\n'
const BARE = `${FIRST}\r\n`
const WITH_BASIC = `${FIRST}Proxy-Authorization: ${BASIC}\r\n\r\n`

export const status = (line: string, ...headers: readonly string[]) =>
  `HTTP/1.1 ${line}\r\n${headers.map((header) => `${header}\r\n`).join('')}\r\n`
const wants = (...challenges: readonly string[]) =>
  status('407 Login', ...challenges.map((challenge) => `Proxy-Authenticate: ${challenge}`), 'Content-Length: 0')
const asksBasic = (...headers: readonly string[]) =>
  status('407 Login', 'Proxy-Authenticate: Basic realm="p"', ...headers)

const MD5 = 'Digest realm="p", nonce="n5", qop="auth", algorithm=MD5'
const SHA256 = 'Digest realm="p", nonce="n256", qop="auth", algorithm=SHA-256'
const DIGEST_BY = (nonce: string, count = 1) =>
  new RegExp(`^${FIRST}Proxy-Authorization: Digest .*nonce="${nonce}".* nc=0000000${count},`)

// [MS-NLMP] 4.2.4.3, and the same with a length that goes beyond its end.
export const TYPE_2 =
  '4e544c4d53535000020000000c000c003800000033828ae20123456789abcdef00000000000000002400240044000000060070170000000f' +
  '53006500720076006500720002000c0044006f006d00610069006e0001000c0053006500720076006500720000000000'
const ntlm = (hex: string) => `NTLM ${base64(bytesOf(hex))}`
const NTLM_1 = /\r\nProxy-Authorization: NTLM TlRMTVNTUAABAAAA/
const NTLM_3 = /\r\nProxy-Authorization: NTLM TlRMTVNTUAADAAAA/

const line = (length: number) => `X: ${'a'.repeat(length - 3)}`
/** A head of this many bytes. */
const head = (bytes: number) => {
  const start = `HTTP/1.1 200 OK\r\n${line(8000)}\r\n${line(4000)}\r\n`
  return `${start}${line(bytes - start.length - '\r\n\r\n'.length)}\r\n\r\n`
}
const many = (count: number) => Array.from({ length: count }, (_, i) => `X-${i}: a`)
const label = 'a'.repeat(63)

const requests: readonly HttpRow[] = [
  { name: 'a name goes to the proxy unresolved, with its port in Host', replies: [OK], requests: [BARE], carried: '' },
  {
    name: 'an IPv4 address goes as it is',
    target: ['198.51.100.9', 1194],
    replies: [OK],
    requests: ['CONNECT 198.51.100.9:1194 HTTP/1.1\r\nHost: 198.51.100.9:1194\r\n\r\n'],
  },
  {
    name: 'an IPv6 address stands in brackets, in its canonical form',
    target: ['2001:DB8:0:0::1', 443],
    replies: [OK],
    requests: ['CONNECT [2001:db8::1]:443 HTTP/1.1\r\nHost: [2001:db8::1]:443\r\n\r\n'],
  },
  {
    name: 'a name of 253 bytes goes whole',
    target: [`${label}.${label}.${label}.${'b'.repeat(61)}`, 443],
    replies: [OK],
    requests: [new RegExp(`^CONNECT ${label}.${label}.${label}.${'b'.repeat(61)}:443 HTTP`)],
  },
  {
    name: 'a name of 256 bytes is refused, not cut',
    target: [`${`${label}.`.repeat(3)}${'b'.repeat(63)}x`, 443],
    replies: [],
    fails: ['BAD_HOP', /a name has at most 253 bytes/],
  },
  {
    name: 'a zone means nothing to a proxy',
    target: ['fe80::1%eth0', 443],
    replies: [],
    fails: ['BAD_HOP', /a zone/],
  },
  {
    name: 'a host that would be a second header is refused',
    target: ['vpn.example\r\nX: y', 443],
    replies: [],
    fails: ['BAD_HOP', /no blanks or control characters/],
  },
  {
    name: 'a host that holds a NUL is refused',
    target: ['vpn.example\0.evil', 443],
    replies: [],
    fails: ['BAD_HOP', /no blanks or control characters/],
  },
  {
    name: 'version 1.0 changes the first line alone',
    settings: { version: '1.0' },
    replies: [OK],
    requests: ['CONNECT vpn.example:443 HTTP/1.0\r\nHost: vpn.example:443\r\n\r\n'],
  },
  {
    name: 'an agent is told, as UTF-8',
    settings: { agent: 'Sockchart é' },
    replies: [OK],
    requests: [`${FIRST}User-Agent: ${utf8Text('Sockchart é')}\r\n\r\n`],
  },
  {
    name: 'custom headers stand behind ours, in their order',
    headers: [`X-Token: ${CANARY}`, 'X-Empty:'],
    replies: [OK],
    requests: [`${FIRST}X-Token: ${CANARY}\r\nX-Empty:\r\n\r\n`],
  },
  {
    name: 'a custom Host replaces ours',
    headers: ['HOST: front.example'],
    replies: [OK],
    requests: ['CONNECT vpn.example:443 HTTP/1.1\r\nHOST: front.example\r\n\r\n'],
  },
  {
    name: 'a custom User-Agent replaces the agent',
    settings: { agent: 'a' },
    headers: ['User-Agent: b'],
    replies: [OK],
    requests: [`${FIRST}User-Agent: b\r\n\r\n`],
  },
  {
    name: 'a custom Proxy-Authorization is a login of its own',
    headers: [`Proxy-Authorization: Bearer ${CANARY}`],
    replies: [OK],
    requests: [`${FIRST}Proxy-Authorization: Bearer ${CANARY}\r\n\r\n`],
  },
  {
    name: 'a custom Proxy-Authorization beside a login is refused',
    headers: [`Proxy-Authorization: Bearer ${CANARY}`],
    login: LOGIN,
    replies: [],
    fails: ['BAD_HOP', /only one can be given/],
  },
  {
    name: 'a custom header that would be two is refused',
    headers: [`X: ${CANARY}\r\nY: b`],
    replies: [],
    fails: ['BAD_HOP', /a header is one line/],
  },
  {
    name: 'a custom header with a NUL is refused',
    headers: [`X: ${CANARY}\0`],
    replies: [],
    fails: ['BAD_HOP', /a header is one line/],
  },
  {
    name: 'a custom header with another control character is refused',
    headers: [`X: ${CANARY}\u001b[2J`],
    replies: [],
    fails: ['BAD_HOP', /no control characters/],
  },
  {
    name: 'a custom header without a colon is refused',
    headers: [CANARY],
    replies: [],
    fails: ['BAD_HOP', /a name, a colon, and a value/],
  },
  {
    name: 'a custom header with a blank in its name is refused',
    headers: [`X Y: ${CANARY}`],
    replies: [],
    fails: ['BAD_HOP', /a name, a colon, and a value/],
  },
  {
    name: 'a custom header that speaks of a body is refused',
    headers: ['Content-Length: 5'],
    replies: [],
    fails: ['BAD_HOP', /no body/],
  },
  {
    name: 'a custom header of more than 8,192 bytes is refused',
    headers: [`X: ${'a'.repeat(8190)}`],
    replies: [],
    fails: ['BAD_HOP', /at most 8192 bytes/],
  },
  {
    name: 'ten custom headers are sent',
    headers: many(10),
    replies: [OK],
    requests: [`${FIRST}${many(10).join('\r\n')}\r\n\r\n`],
  },
  {
    name: 'an eleventh custom header is refused',
    headers: many(11),
    replies: [],
    fails: ['BAD_HOP', /expected 1 to 10 headers/],
  },
  {
    name: 'a header that is not in the vault',
    settings: { headers: ['key:99'] },
    replies: [],
    fails: ['BAD_HOP', /one of its headers is not in the vault/],
  },
  {
    name: 'a login that is not in the vault',
    settings: { login: 'key:99' },
    replies: [],
    fails: ['BAD_HOP', /its login is not in the vault/],
  },
  {
    name: 'a login of one line',
    login: CANARY,
    replies: [],
    fails: ['BAD_HOP', /a user and a password on two lines/],
  },
  {
    name: 'a user with a colon cannot log in by Basic',
    settings: { auth: 'basic' },
    login: `ann:${LOGIN}`,
    replies: [],
    fails: ['BAD_HOP', /colon/],
  },
  { name: 'datagrams are not carried', transport: 'udp', replies: [], fails: ['BAD_HOP', /no datagrams/] },
  {
    name: 'a setting that there is not',
    settings: { realm: 'x' },
    replies: [],
    fails: ['BAD_HOP', /no setting "realm"/],
  },
]

const successes: readonly HttpRow[] = [
  { name: 'any 2xx is success', replies: [status('299 Miscellaneous')], carried: '' },
  { name: 'a reply of HTTP/1.0 carries as well', replies: ['HTTP/1.0 200 OK\r\n\r\n'], carried: '' },
  { name: 'a reply of a later HTTP/1', replies: ['HTTP/1.9 200 OK\r\n\r\n'], carried: '' },
  { name: 'a reason may be missing', replies: ['HTTP/1.1 200 \r\n\r\n'], carried: '' },
  { name: 'a reason may be missing with its blank', replies: ['HTTP/1.1 200\r\n\r\n'], carried: '' },
  {
    name: 'Content-Length of a success means nothing',
    replies: [`${status('200 OK', 'Content-Length: 5')}hello, target`],
    carried: 'hello, target',
  },
  {
    name: 'Transfer-Encoding of a success means nothing',
    replies: [`${status('200 OK', 'Transfer-Encoding: chunked')}5\r\nhello`],
    carried: '5\r\nhello',
  },
  {
    name: 'Connection: close of a success means nothing',
    replies: [`${status('200 OK', 'Connection: close')}x`],
    carried: 'x',
  },
  {
    name: 'early data, whatever bytes it has',
    replies: [`${OK}\0\xff\r\n\r\n\x80`],
    carried: '\0\xff\r\n\r\n\x80',
  },
  { name: 'early data that is ASCII, as a banner is', replies: [`${OK}SSH-2.0-x\r\n`], carried: 'SSH-2.0-x\r\n' },
  { name: 'early data that looks like a header', replies: [`${OK}X: y\r\n\r\n`], carried: 'X: y\r\n\r\n' },
  { name: 'early data that looks like a reply', replies: [`${OK}${OK}`], carried: OK },
  { name: 'early data longer than any head', replies: [`${OK}${'z'.repeat(20_000)}`], carried: 'z'.repeat(20_000) },
  { name: 'an interim reply is passed over', replies: [`${status('100 Continue')}${OK}x`], carried: 'x' },
  {
    name: 'interim replies with headers of their own',
    replies: [`${status('103 Early Hints', 'Link: </a>')}${status('102 Processing')}${OK}`],
    carried: '',
  },
  { name: 'lines that end with LF alone', replies: ['HTTP/1.1 200 OK\nA: b\n\nx'], carried: 'x' },
  { name: 'lines of both kinds', replies: ['HTTP/1.1 200 OK\r\nA: b\n\r\n\n'], carried: '\n' },
  { name: 'a folded line belongs to the one above', replies: [status('200 OK', 'A: b', '\tc', '  d')], carried: '' },
  { name: 'a header without a value', replies: [status('200 OK', 'A:')], carried: '' },
  { name: 'a header with bytes that are no ASCII', replies: [status('200 OK', 'A: \xe9\x80')], carried: '' },
  { name: 'empty lines before the reply', replies: [`\r\n\n${OK}`], carried: '' },
  { name: 'a head of 16,384 bytes', replies: [`${head(16_384)}x`], carried: 'x' },
  { name: 'a line of 8,192 bytes', replies: [status('200 OK', line(8192))], carried: '' },
  { name: '100 headers', replies: [status('200 OK', ...many(100))], carried: '' },
]

const refusals: readonly HttpRow[] = [
  {
    name: '403 is told with its reason',
    replies: [status('403 Forbidden by policy')],
    fails: ['HOP_REFUSED', /answered 403 "Forbidden by policy" to CONNECT vpn\.example:443: it does not allow that$/],
  },
  {
    name: 'a reason is quoted as ASCII, and 64 bytes of it',
    replies: [status(`403 \xff"${'a'.repeat(80)}`)],
    fails: ['HOP_REFUSED', /answered 403 "\\xff\\"a{62}…" to/],
  },
  {
    name: 'without a reason there is nothing to quote',
    replies: ['HTTP/1.1 403\r\n\r\n'],
    fails: ['HOP_REFUSED', /answered 403 to CONNECT/],
  },
  {
    name: 'a reason is not quoted where a secret is told on the way',
    mayQuote: false,
    replies: [status(`403 no ${CANARY}`)],
    fails: ['HOP_REFUSED', /answered 403 to CONNECT/],
  },
  {
    name: 'a reason is not quoted before the login is told: it was told in the round before',
    login: LOGIN,
    replies: [status(`502 ${PASSWORD}`)],
    fails: ['HOP_REFUSED', /answered 502 to CONNECT/],
  },
  {
    name: 'nonsense is not quoted where a secret is told on the way',
    mayQuote: false,
    replies: [`${CANARY} \r\n\r\n`],
    fails: ['BAD_REPLY', /^[^"]*$/],
  },
  {
    name: '401 to a login is no question (tinyproxy 1.11)',
    settings: { auth: 'basic' },
    login: LOGIN,
    replies: [status('401 Unauthorized')],
    fails: ['HOP_AUTH', /refuses the login/],
  },
  ...(
    [
      [400, /does not understand/],
      [401, /it refuses/],
      [404, /does not find the target/],
      [405, /does not carry connections/],
      [429, /too many requests/],
      [500, /trouble of its own/],
      [501, /does not carry connections/],
      [502, /cannot reach the target/],
      [503, /overloaded/],
      [504, /did not answer it in time/],
      [599, /it refuses/],
    ] as const
  ).map(([code, meaning]): HttpRow => {
    return { name: `${code} is final`, replies: [status(`${code} X`)], fails: ['HOP_REFUSED', meaning] }
  }),
  {
    name: 'a redirection is not followed',
    replies: [status('302 Found', 'Location: http://evil.example/')],
    fails: ['HOP_REFUSED', /it is not followed/],
  },
]

const garbage: readonly HttpRow[] = [
  {
    name: 'a TLS alert, in one byte',
    replies: ['\x15\x03\x03\x00\x02\x02\x28'],
    fails: ['BAD_REPLY', /this looks like TLS \("\\x15"\)/],
  },
  { name: 'a TLS handshake', replies: ['\x16\x03'], fails: ['BAD_REPLY', /looks like TLS/] },
  { name: 'a SOCKS5 proxy', replies: ['\x05\xff'], fails: ['BAD_REPLY', /looks like SOCKS/] },
  { name: 'a SOCKS4 proxy', replies: ['\x00\x5b'], fails: ['BAD_REPLY', /looks like SOCKS/] },
  { name: 'a server of SSH', replies: ['SSH-2.0-OpenSSH_9'], fails: ['BAD_REPLY', /looks like SSH \("SSH-"\)/] },
  { name: 'a server of mail', replies: ['220 mail'], fails: ['BAD_REPLY', /does not speak HTTP \("2"\)/] },
  {
    name: 'a word that only begins like HTTP',
    replies: ['HTTX'],
    fails: ['BAD_REPLY', /does not speak HTTP \("HTTX"\)/],
  },
  { name: 'http in small letters', replies: ['http/1.1 200 OK\r\n'], fails: ['BAD_REPLY', /does not speak HTTP/] },
  {
    name: 'an own secret that comes back',
    headers: [`X: ${CANARY}`],
    replies: [CANARY],
    fails: ['BAD_REPLY', /HTTP$/],
  },
  { name: 'HTTP/2.0', replies: ['HTTP/2.0 200 OK\r\n'], fails: ['BAD_REPLY', /another version of HTTP than 1/] },
  { name: 'HTTP/2', replies: ['HTTP/2 200\r\n'], fails: ['BAD_REPLY', /another version/] },
  { name: 'a version of two digits', replies: ['HTTP/1.10 200\r\n'], fails: ['BAD_REPLY', /status line that is none/] },
  { name: 'a status of two digits', replies: ['HTTP/1.1 20 OK\r\n'], fails: ['BAD_REPLY', /status line that is none/] },
  { name: 'a status of four digits', replies: ['HTTP/1.1 2000\r\n'], fails: ['BAD_REPLY', /status line that is none/] },
  { name: 'no status', replies: ['HTTP/1.1\n'], fails: ['BAD_REPLY', /status line that is none/] },
  { name: 'two blanks before the status', replies: ['HTTP/1.1  200 OK\n'], fails: ['BAD_REPLY', /that is none/] },
  { name: 'a status below all', replies: ['HTTP/1.1 099 X\n'], fails: ['BAD_REPLY', /a status that there is not/] },
  { name: 'a status above all', replies: ['HTTP/1.1 600 X\n'], fails: ['BAD_REPLY', /a status that there is not/] },
  {
    name: 'another protocol is switched to',
    replies: [status('101 Switching', 'Upgrade: x')],
    fails: ['BAD_REPLY', /switches/],
  },
  {
    name: 'a NUL in the reason',
    replies: ['HTTP/1.1 200 O\0K\r\n\r\n'],
    fails: ['BAD_REPLY', /control character.*O\\x00"/],
  },
  {
    name: 'an escape in a header',
    replies: [status('200 OK', 'A: \x1b[2J')],
    fails: ['BAD_REPLY', /control character/],
  },
  { name: 'a DEL in a header', replies: [status('200 OK', 'A: \x7f')], fails: ['BAD_REPLY', /control character/] },
  { name: 'a CR in a value', replies: [status('200 OK', 'A: b\rC: d')], fails: ['BAD_REPLY', /carriage return/] },
  { name: 'CR LF CR X ends no head', replies: ['HTTP/1.1 200 OK\r\n\rX'], fails: ['BAD_REPLY', /carriage return/] },
  {
    name: 'a CR too many at the end of a line',
    replies: ['HTTP/1.1 200 OK\r\r\n'],
    fails: ['BAD_REPLY', /carriage return/],
  },
  { name: 'a CR too many before the reply', replies: [`\r${OK}`], fails: ['BAD_REPLY', /carriage return/] },
  {
    name: 'a header without a colon',
    replies: [status('200 OK', 'nonsense')],
    fails: ['BAD_REPLY', /that is none \("nonsense"\)/],
  },
  {
    name: 'a header without a name',
    replies: [status('200 OK', ': b')],
    fails: ['BAD_REPLY', /header line that is none/],
  },
  {
    name: 'a blank before the colon',
    replies: [status('200 OK', 'A : b')],
    fails: ['BAD_REPLY', /header line that is none/],
  },
  {
    name: 'a folded line below the status',
    replies: [status('200 OK', ' A: b')],
    fails: ['BAD_REPLY', /nothing above it/],
  },
  {
    name: 'a folded line below an interim reply',
    replies: [`${status('100 C', 'A: b')}${status('200 OK', ' c')}`],
    fails: ['BAD_REPLY', /nothing above it/],
  },
  { name: 'half a reply is waited with', replies: ['HTTP/1.1 200 OK\r\nA: b\r\n'], waits: true },
  { name: 'a head without its last byte is waited with', replies: ['HTTP/1.1 200 OK\r\n\r'], waits: true },
  { name: 'the beginning of SSH is waited with', replies: ['SSH'], waits: true },
  {
    name: 'a head of 16,385 bytes',
    replies: [head(16_385)],
    fails: ['REPLY_TOO_LONG', /more than 16384 bytes of head/],
  },
  {
    name: 'a line of 8,193 bytes',
    replies: [status('200 OK', line(8193))],
    fails: ['REPLY_TOO_LONG', /line of more than 8192/],
  },
  {
    name: 'a status line without an end',
    replies: [`HTTP/1.1 200 ${'a'.repeat(9000)}`],
    fails: ['REPLY_TOO_LONG', /line/],
  },
  {
    name: '101 headers',
    replies: [status('200 OK', ...many(101))],
    fails: ['REPLY_TOO_LONG', /more than 100 header lines/],
  },
  {
    name: 'headers of interim replies count',
    replies: [`${status('100 C', ...many(60))}${status('200 OK', ...many(41))}`],
    fails: ['REPLY_TOO_LONG', /more than 100 header lines/],
  },
  {
    name: 'a flood of interim replies',
    replies: [status('100 C').repeat(1000)],
    fails: ['REPLY_TOO_LONG', /bytes of head/],
  },
  { name: 'a flood of empty lines', replies: ['\r\n'.repeat(9000)], fails: ['REPLY_TOO_LONG', /bytes of head/] },
  {
    name: 'folded lines without end',
    replies: [`HTTP/1.1 200 OK\r\nA: b\r\n${' c\r\n'.repeat(5000)}`],
    fails: ['REPLY_TOO_LONG', /more than 100 header lines/],
  },
  {
    name: 'the 101st header line is a folded one',
    replies: [status('200 OK', ...many(100), ' c')],
    fails: ['REPLY_TOO_LONG', /more than 100 header lines/],
  },
]

const auto = { login: LOGIN }
const logins: readonly HttpRow[] = [
  {
    name: 'a login is wanted, and there is none',
    replies: [wants('Basic realm="p"', MD5)],
    fails: ['HOP_AUTH', /wants a login \(Basic or Digest\), and is to get none/],
  },
  {
    name: 'a login is wanted, and none is set',
    settings: { auth: 'none' },
    login: LOGIN,
    replies: [wants('Basic realm="p"')],
    requests: [BARE],
    fails: ['HOP_AUTH', /and is to get none/],
  },
  {
    name: 'a login is wanted in a way that nobody knows, which is not quoted',
    replies: [wants(`${CANARY} realm="p"`)],
    fails: ['HOP_AUTH', /in a way that is not known here/],
  },
  {
    name: 'basic is said at once',
    settings: { auth: 'basic' },
    login: LOGIN,
    replies: [OK],
    requests: [WITH_BASIC],
    carried: '',
  },
  {
    name: 'basic that is refused is not tried again',
    settings: { auth: 'basic' },
    login: LOGIN,
    replies: [wants('Basic realm="p"')],
    fails: ['HOP_AUTH', /refuses the login/],
  },
  {
    name: 'basic where only Digest is taken',
    settings: { auth: 'basic' },
    login: LOGIN,
    replies: [wants(MD5)],
    fails: ['HOP_AUTH', /wants a login \(Digest\) that cannot be given by Basic/],
  },
  {
    name: 'auto says nothing before it is asked, then Basic if there is nothing else',
    ...auto,
    replies: [wants('Basic realm="p"'), `${OK}x`],
    requests: [BARE, WITH_BASIC],
    carried: 'x',
  },
  { name: 'auto that is not asked', ...auto, replies: [OK], requests: [BARE], carried: '' },
  {
    name: 'auto takes SHA-256 before all others',
    ...auto,
    replies: [wants('Basic realm="p"', 'NTLM', MD5, SHA256), OK],
    requests: [BARE, DIGEST_BY('n256')],
  },
  {
    name: 'auto takes MD5 before NTLM',
    ...auto,
    replies: [wants('Basic realm="p"', 'NTLM', MD5), OK],
    requests: [BARE, DIGEST_BY('n5')],
  },
  {
    name: 'auto takes NTLM before Basic',
    ...auto,
    replies: [wants('Basic realm="p"', 'NTLM'), wants(ntlm(TYPE_2)), OK],
    requests: [BARE, NTLM_1, NTLM_3],
  },
  {
    name: 'several challenges in one header',
    ...auto,
    replies: [wants(`Basic realm="a, Digest b", ${MD5}, NTLM`), OK],
    requests: [BARE, DIGEST_BY('n5')],
  },
  {
    name: 'a Digest of an algorithm that is not known is passed over',
    ...auto,
    replies: [wants('Digest realm="p", nonce="n", algorithm=SHA-512-256', 'Basic realm="p"'), OK],
    requests: [BARE, WITH_BASIC],
  },
  {
    name: 'a Digest that protects bodies alone is passed over',
    ...auto,
    replies: [wants('Digest realm="p", nonce="n", qop="auth-int", algorithm=SHA-256', MD5), OK],
    requests: [BARE, DIGEST_BY('n5')],
  },
  {
    name: 'a Digest without a nonce is passed over',
    ...auto,
    replies: [wants('Digest realm="p"', 'Basic realm="p"'), OK],
    requests: [BARE, WITH_BASIC],
  },
  {
    name: 'a Digest of the old kind, without qop and algorithm',
    ...auto,
    replies: [wants('Digest realm="p", nonce="n"'), OK],
    requests: [
      BARE,
      /Digest username="[^"]*", realm="p", nonce="n", uri="vpn\.example:443", response="[\da-f]{32}"\r\n/,
    ],
  },
  {
    name: 'what the proxy gave is given back as it was, quotes and all',
    ...auto,
    replies: [wants('Digest realm="a \\"b\\" \\\\ \xe9", nonce="n==", opaque="o,p", qop="auth"'), OK],
    requests: [BARE, /realm="a \\"b\\" \\\\ \xe9", nonce="n==", .*opaque="o,p"\r\n/],
  },
  {
    name: 'a challenge in folded lines',
    ...auto,
    replies: [wants('Digest realm="p",\r\n nonce="n5",\r\n\tqop="auth"'), OK],
    requests: [BARE, DIGEST_BY('n5')],
  },
  {
    name: 'only a way that we do not go',
    ...auto,
    replies: [wants('Negotiate')],
    fails: ['HOP_AUTH', /wants a login \(Negotiate\) that cannot be given by Basic, NTLM or Digest/],
  },
  {
    name: 'auto of a user with a colon, and Basic alone',
    login: `ann:${LOGIN}`,
    replies: [wants('Basic realm="p"')],
    fails: ['HOP_AUTH', /Basic/],
  },
  {
    name: '407 without a word about how',
    ...auto,
    replies: [wants()],
    fails: ['HOP_AUTH', /in a way that is not known here/],
  },
  {
    name: 'a challenge that cannot be read takes no other with it',
    ...auto,
    replies: [wants('Digest realm="', 'Basic realm="p"'), OK],
    requests: [BARE, WITH_BASIC],
  },
  {
    name: 'Digest that is refused is not tried again',
    ...auto,
    replies: [wants(SHA256), wants(SHA256)],
    fails: ['HOP_AUTH', /refuses the login/],
  },
  {
    name: 'Digest with a nonce that is too old is answered anew',
    ...auto,
    replies: [wants(SHA256), wants(SHA256.replace('n256', 'n257').concat(', stale=TRUE')), OK],
    requests: [BARE, DIGEST_BY('n256'), DIGEST_BY('n257')],
  },
  {
    name: 'and that once',
    ...auto,
    replies: [wants(SHA256), wants(`${SHA256}, stale=true`), wants(`${SHA256}, stale=true`)],
    fails: ['HOP_AUTH', /refuses the login/],
  },
  {
    name: 'a nonce that is too old, and then a weaker algorithm',
    ...auto,
    replies: [wants(SHA256), wants(`${MD5}, stale=true`)],
    fails: ['HOP_AUTH', /refuses the login/],
  },
  {
    name: 'Digest was answered, and then only Basic is wanted',
    ...auto,
    replies: [wants(SHA256), wants('Basic realm="p"')],
    requests: [BARE, DIGEST_BY('n256')],
    fails: ['HOP_DOWNGRADE', /offers Basic, which is weaker than Digest/],
  },
  {
    name: 'auto-nct never shows the password',
    settings: { auth: 'auto-nct' },
    login: LOGIN,
    replies: [wants('Basic realm="p"')],
    requests: [BARE],
    fails: ['HOP_DOWNGRADE', /offers Basic, which is weaker than NTLM or Digest/],
  },
  {
    name: 'auto-nct takes NTLM',
    settings: { auth: 'auto-nct' },
    login: LOGIN,
    replies: [wants('Basic realm="p"', 'NTLM'), wants(ntlm(TYPE_2)), OK],
    requests: [BARE, NTLM_1, NTLM_3],
  },
  {
    name: 'digest that is set, and Basic that is offered',
    settings: { auth: 'digest' },
    login: LOGIN,
    replies: [wants('Basic realm="p"', 'Negotiate')],
    requests: [BARE],
    fails: ['HOP_DOWNGRADE', /offers Basic, which is weaker than Digest/],
  },
  {
    name: 'digest that is set, and NTLM that is offered',
    settings: { auth: 'digest' },
    login: LOGIN,
    replies: [wants('NTLM')],
    fails: ['HOP_DOWNGRADE', /offers NTLM, which is weaker than Digest/],
  },
  {
    name: 'digest that is set, in a form that is not known',
    settings: { auth: 'digest' },
    login: LOGIN,
    replies: [wants('Digest realm="p", nonce="n", algorithm=SHA-512-256')],
    fails: ['HOP_AUTH', /wants a login \(Digest\) that cannot be given by Digest/],
  },
  {
    name: 'digest that is set, and nobody asks for it',
    settings: { auth: 'digest' },
    login: LOGIN,
    replies: [OK],
    fails: ['HOP_DOWNGRADE', /does not ask for the login, although Digest is set/],
  },
  {
    name: 'digest that is set and wanted',
    settings: { auth: 'digest' },
    login: LOGIN,
    replies: [wants('Basic realm="p"', MD5), OK],
    requests: [BARE, DIGEST_BY('n5')],
    carried: '',
  },
  {
    name: 'ntlm begins at once, and gives nothing away',
    settings: { auth: 'ntlm' },
    login: LOGIN,
    replies: [wants(ntlm(TYPE_2)), `${OK}x`],
    requests: [NTLM_1, NTLM_3],
    carried: 'x',
  },
  {
    name: 'ntlm in HTTP/1.0 asks for the connection to be kept',
    settings: { auth: 'ntlm', version: '1.0' },
    login: LOGIN,
    replies: [
      `HTTP/1.0 407 L\r\nProxy-Authenticate: ${ntlm(TYPE_2)}\r\nProxy-Connection: Keep-Alive\r\nContent-Length: 2\r\n\r\nhi`,
      OK,
    ],
    requests: [/\r\nProxy-Connection: Keep-Alive\r\n/, /\r\nProxy-Connection: Keep-Alive\r\n.*NTLM TlRMTVNTUAAD/s],
  },
  {
    name: 'ntlm that is set, and nobody asks for it',
    settings: { auth: 'ntlm' },
    login: LOGIN,
    replies: [OK],
    fails: ['HOP_DOWNGRADE', /although NTLM is set/],
  },
  {
    name: 'ntlm that is set, and Basic that is offered',
    settings: { auth: 'ntlm' },
    login: LOGIN,
    replies: [wants('Basic realm="p"')],
    fails: ['HOP_DOWNGRADE', /offers Basic, which is weaker than NTLM/],
  },
  {
    name: 'ntlm that is set, and Digest that is offered',
    settings: { auth: 'ntlm' },
    login: LOGIN,
    replies: [wants(MD5)],
    fails: ['HOP_AUTH', /wants a login \(Digest\) that cannot be given by NTLM/],
  },
  {
    name: 'NTLM does not go on',
    settings: { auth: 'ntlm' },
    login: LOGIN,
    replies: [wants('NTLM')],
    fails: ['HOP_AUTH', /refuses the login/],
  },
  {
    name: 'NTLM is refused',
    settings: { auth: 'ntlm' },
    login: LOGIN,
    replies: [wants(ntlm(TYPE_2)), wants('NTLM')],
    requests: [NTLM_1, NTLM_3],
    fails: ['HOP_AUTH', /refuses the login/],
  },
  {
    name: 'NTLM begins again and again',
    settings: { auth: 'ntlm' },
    login: LOGIN,
    replies: [wants(ntlm(TYPE_2)), wants(ntlm(TYPE_2))],
    fails: ['HOP_AUTH', /refuses the login/],
  },
  ...(
    [
      ['base64 that is cut off', 'NTLM TlRMT'],
      ['too short', ntlm(TYPE_2.slice(0, 60))],
      ['of another signature', ntlm(TYPE_2.replace('4e54', '4e55'))],
      ['of type 1', ntlm(TYPE_2.replace('0002000000', '0001000000'))],
      ['without NTLM among its flags', ntlm(TYPE_2.replace('33828ae2', '33808ae2'))],
      ['without the fields that it speaks of', ntlm(TYPE_2.slice(0, 90))],
      ['with fields beyond its end', ntlm(TYPE_2.replace('2400240044', '2500240044'))],
      ['with an attribute beyond its field', ntlm(TYPE_2.replace('02000c00', '0200ff00'))],
      ['with an attribute cut off', ntlm(TYPE_2.replace('2400240044', '2200240044'))],
    ] as const
  ).map(([what, challenge]): HttpRow => {
    return {
      name: `an NTLM message ${what}`,
      settings: { auth: 'ntlm' },
      login: LOGIN,
      replies: [wants(challenge)],
      fails: ['BAD_REPLY', /has sent an NTLM message that is none/],
    }
  }),
  {
    name: 'an NTLM message that is no word of any challenge',
    settings: { auth: 'ntlm' },
    login: LOGIN,
    replies: [wants('NTLM ab!=')],
    fails: ['HOP_AUTH', /in a way that is not known here/],
  },
  {
    name: 'a connection that closes in the middle of NTLM',
    settings: { auth: 'ntlm' },
    login: LOGIN,
    replies: [status('407 L', `Proxy-Authenticate: ${ntlm(TYPE_2)}`, 'Connection: close', 'Content-Length: 0')],
    fails: ['BAD_REPLY', /does not keep the connection on which NTLM takes place/],
  },
  {
    name: 'a body without an end in the middle of NTLM',
    settings: { auth: 'ntlm' },
    login: LOGIN,
    replies: [status('407 L', `Proxy-Authenticate: ${ntlm(TYPE_2)}`)],
    fails: ['BAD_REPLY', /does not keep the connection/],
  },
  {
    name: 'a body that gets lost in the middle of NTLM',
    settings: { auth: 'ntlm' },
    login: LOGIN,
    replies: [`${status('407 L', `Proxy-Authenticate: ${ntlm(TYPE_2)}`, 'Transfer-Encoding: chunked')}zz\r\n`],
    fails: ['BAD_REPLY', /does not keep the connection/],
  },
]

/** A 407 that asks for Basic, and whether it is answered on the same connection. */
const bodies: readonly HttpRow[] = (
  [
    ['a body of a known length is read over', 1, `${asksBasic('Content-Length: 4')}\r\nok`],
    ['a length on a folded line, and an empty one behind it', 1, asksBasic('Content-Length:', ' 0', '\t')],
    ['a length that is said twice, and the same', 1, `${asksBasic('Content-Length: 2', 'Content-Length: 2')}ok`],
    ['a chunked body is read over', 1, `${asksBasic('Transfer-Encoding: chunked')}2\r\nok\r\n0\r\n\r\n`],
    [
      'chunks with extensions, in capitals, and a trailer',
      1,
      `${asksBasic('TRANSFER-ENCODING: Chunked')}0A ;a=b\r\n0123456789\r\n000\r\nX: y\r\n\r\n`,
    ],
    ['an empty line too many behind a body', 1, `${asksBasic('Content-Length: 2')}ok\r\n`],
    [
      'HTTP/1.0 that keeps the connection',
      1,
      'HTTP/1.0 407 L\r\nProxy-Authenticate: Basic realm="p"\r\nConnection: Keep-Alive\r\nContent-Length: 0\r\n\r\n',
    ],
    ['another option of the connection', 1, asksBasic('Connection: x, y', 'Content-Length: 0')],
    ['Connection: close', 2, asksBasic('Connection: close', 'Content-Length: 0')],
    ['Connection: close among others', 2, asksBasic('Connection: x, Close', 'Content-Length: 0')],
    ['Proxy-Connection: close', 2, asksBasic('Proxy-Connection: close', 'Content-Length: 0')],
    ['HTTP/1.0', 2, 'HTTP/1.0 407 L\r\nProxy-Authenticate: Basic realm="p"\r\nContent-Length: 0\r\n\r\n'],
    ['a body that ends with the connection', 2, asksBasic()],
    ['a length that is no number', 2, asksBasic('Content-Length: -1')],
    ['a length of two values', 2, asksBasic('Content-Length: 2, 3')],
    ['lengths that differ', 2, asksBasic('Content-Length: 2', 'Content-Length: 3')],
    ['a length beyond the limit', 2, asksBasic('Content-Length: 16384')],
    ['a length beyond all numbers', 2, asksBasic('Content-Length: 99999999999999999999')],
    ['chunks and a length', 2, asksBasic('Transfer-Encoding: chunked', 'Content-Length: 2')],
    ['chunks that are packed', 2, asksBasic('Transfer-Encoding: gzip, chunked')],
    ['two codings', 2, asksBasic('Transfer-Encoding: chunked', 'Transfer-Encoding: chunked')],
    [
      'chunks in HTTP/1.0',
      2,
      'HTTP/1.0 407 L\r\nProxy-Authenticate: Basic realm="p"\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n',
    ],
    ['a chunk without a length', 2, `${asksBasic('Transfer-Encoding: chunked')}\r\n`],
    ['a chunk of a negative length', 2, `${asksBasic('Transfer-Encoding: chunked')}-1\r\n`],
    ['a chunk that ends with LF alone', 2, `${asksBasic('Transfer-Encoding: chunked')}2\n`],
    ['a trailer that ends with LF alone', 2, `${asksBasic('Transfer-Encoding: chunked')}0\r\nX: y\n\r\n`],
    ['a chunk that is longer than it says', 2, `${asksBasic('Transfer-Encoding: chunked')}2\r\nokk\r\n`],
    ['a chunk without its end', 2, `${asksBasic('Transfer-Encoding: chunked')}2\r\nokX\n`],
    ['a line between chunks that is too long', 2, `${asksBasic('Transfer-Encoding: chunked')}1;${'a'.repeat(300)}`],
    ['chunks beyond the limit', 2, `${asksBasic('Transfer-Encoding: chunked')}ffffff\r\n${'a'.repeat(16_384)}`],
    ['a trailer without end', 2, `${asksBasic('Transfer-Encoding: chunked')}0\r\n${'X: y\r\n'.repeat(3000)}`],
  ] as const
).map(([name, connections, reply]) => ({
  name: `407 with ${name}`,
  ...auto,
  replies: [reply, `${OK}x`],
  requests: [BARE, WITH_BASIC],
  connections,
  carried: 'x',
}))

const reopenings: readonly HttpRow[] = [
  {
    name: 'a nonce is good on another connection, too',
    ...auto,
    replies: [
      status('407 L', `Proxy-Authenticate: ${SHA256}`, 'Connection: close'),
      status('407 L', `Proxy-Authenticate: ${SHA256}, stale=true`, 'Connection: close'),
      OK,
    ],
    requests: [BARE, DIGEST_BY('n256'), DIGEST_BY('n256')],
    connections: 3,
    carried: '',
  },
  {
    name: 'NTLM begins on another connection when it was asked for on one that closes',
    ...auto,
    replies: [status('407 L', 'Proxy-Authenticate: NTLM', 'Connection: close'), wants(ntlm(TYPE_2)), OK],
    requests: [BARE, NTLM_1, NTLM_3],
    connections: 2,
  },
  {
    name: 'a hop behind it asks for another connection: without a login all is as before',
    replies: [OK, `${OK}x`],
    requests: [BARE, BARE],
    connections: 2,
    carried: 'x',
  },
  {
    name: 'a hop behind it asks for another connection: Basic is said again, at once',
    ...auto,
    replies: [wants('Basic realm="p"'), OK, OK],
    requests: [BARE, WITH_BASIC, WITH_BASIC],
    connections: 2,
  },
  {
    name: 'a hop behind it asks for another connection, and now it wants a login',
    ...auto,
    replies: [OK, wants(MD5), OK],
    requests: [BARE, BARE, DIGEST_BY('n5')],
    connections: 2,
  },
  {
    name: 'a hop behind it asks for other connections: the nonce is kept, and its uses are counted',
    ...auto,
    replies: [wants(SHA256), OK, OK, OK],
    requests: [BARE, DIGEST_BY('n256'), DIGEST_BY('n256', 2), DIGEST_BY('n256', 3)],
    connections: 3,
    carried: '',
  },
  {
    name: 'a hop behind it asks for other connections, and each time the nonce is too old',
    ...auto,
    replies: [
      wants(SHA256),
      OK,
      wants(`${SHA256.replace('n256', 'n257')}, stale=true`),
      OK,
      wants(`${SHA256.replace('n256', 'n258')}, stale=true`),
      OK,
    ],
    requests: [
      BARE,
      DIGEST_BY('n256'),
      DIGEST_BY('n256', 2),
      DIGEST_BY('n257'),
      DIGEST_BY('n257', 2),
      DIGEST_BY('n258'),
    ],
    connections: 3,
  },
  {
    name: 'a hop behind it asks for another connection, and the nonce is too old again and again',
    ...auto,
    replies: [wants(SHA256), OK, wants(`${SHA256}, stale=true`), wants(`${SHA256}, stale=true`)],
    connections: 2,
    fails: ['HOP_AUTH', /refuses the login/],
  },
  {
    name: 'a hop behind it asks for another connection: NTLM, which means nothing there, begins anew',
    settings: { auth: 'ntlm' },
    login: LOGIN,
    replies: [wants(ntlm(TYPE_2)), OK, wants(ntlm(TYPE_2)), `${OK}x`],
    requests: [NTLM_1, NTLM_3, NTLM_1, NTLM_3],
    connections: 2,
    carried: 'x',
  },
  {
    name: 'a hop behind it asks for another connection: NTLM that was chosen begins anew, too',
    ...auto,
    replies: [wants('NTLM'), wants(ntlm(TYPE_2)), OK, wants(ntlm(TYPE_2)), OK],
    requests: [BARE, NTLM_1, NTLM_3, NTLM_1, NTLM_3],
    connections: 2,
  },
  {
    name: 'a hop behind it asks for another connection, and NTLM is refused there',
    settings: { auth: 'ntlm' },
    login: LOGIN,
    replies: [wants(ntlm(TYPE_2)), OK, wants(ntlm(TYPE_2)), wants('NTLM')],
    requests: [NTLM_1, NTLM_3, NTLM_1, NTLM_3],
    connections: 2,
    fails: ['HOP_AUTH', /refuses the login/],
  },
  {
    name: 'a hop behind it asks for another connection, and digest that is set is not asked for',
    settings: { auth: 'digest' },
    login: LOGIN,
    replies: [wants(MD5), OK, wants('Basic realm="p"')],
    connections: 2,
    fails: ['HOP_DOWNGRADE', /offers Basic, which is weaker than Digest/],
  },
  {
    name: 'a body that is waited for',
    ...auto,
    replies: [`${asksBasic('Content-Length: 10')}half`],
    requests: [BARE],
    waits: true,
  },
  {
    name: 'a refusal of the login does not wait for its body',
    settings: { auth: 'basic' },
    login: LOGIN,
    replies: [asksBasic('Content-Length: 100')],
    fails: ['HOP_AUTH', /refuses/],
  },
]

export const HTTP_ROWS: readonly HttpRow[] = [
  ...requests,
  ...successes,
  ...refusals,
  ...garbage,
  ...logins,
  ...bodies,
  ...reopenings,
]
