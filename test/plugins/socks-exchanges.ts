/** What SOCKS proxies say, good and bad, and what has to come of it: one row for each rule or fault. */
import { hexOf, utf8 } from '../../src/utf8.ts'

export interface SocksRow {
  /** The rule that holds, or the fault. */
  readonly name: string
  readonly version?: '4' | '5'
  /** `vpn.example:443` without it. */
  readonly target?: readonly [host: string, port: number]
  readonly transport?: 'udp'
  /** As the engine has it without: true where no secret is told. */
  readonly mayQuote?: false
  /** The bytes in the vault, as text. */
  readonly login?: string
  /** All that the hop says, as hex; blanks do not count. */
  readonly hop: string
  /** All that we say, as hex; not looked at without it. */
  readonly sent?: string
  /** The bytes of the target that came with the last reply, as hex. */
  readonly carried?: string
  readonly relay?: readonly [address: string, port: number]
  readonly fails?: readonly [code: string, message: RegExp]
  /** More has to come: neither done nor failed. */
  readonly waits?: true
}

export const CANARY = 'c4n4ry-9f2be1d07a'
export const LOGIN = `ann-${CANARY}\n${CANARY}-word`
const USER = `ann-${CANARY}`
const PASSWORD = `${CANARY}-word`

export const text = (written: string) => hexOf(utf8(written))
const byte = (value: number) => value.toString(16).padStart(2, '0')
const sized = (written: string) => byte(utf8(written).length) + text(written)

const CONNECT = '05 01 00'
const ASSOCIATE = '05 03 00 01 00000000 0000'
const TARGET = `03 ${sized('vpn.example')} 01bb`
const OFFERS_NOTHING = '05 01 00'
const OFFERS_LOGIN = '05 01 02'
const SAYS_LOGIN = `01 ${sized(USER)} ${sized(PASSWORD)}`

const FREE = '05 00'
const LOGGED_IN = '05 02 01 00'
const BOUND = '01 c6336407 0438'
const GRANTED = `${FREE} 05 00 00 ${BOUND}`

const name255 = `${`${'a'.repeat(63)}.`.repeat(3)}${'b'.repeat(63)}`

const connects: readonly SocksRow[] = [
  {
    name: 'a name goes to the proxy as it is, unresolved',
    hop: GRANTED,
    sent: `${OFFERS_NOTHING} ${CONNECT} ${TARGET}`,
    carried: '',
  },
  {
    name: 'an IPv4 address goes as four bytes',
    target: ['198.51.100.9', 1194],
    hop: GRANTED,
    sent: `${OFFERS_NOTHING} ${CONNECT} 01 c6336409 04aa`,
    carried: '',
  },
  {
    name: 'an IPv6 address goes as sixteen bytes, however it is written',
    target: ['2001:DB8:0:0::1', 443],
    hop: GRANTED,
    sent: `${OFFERS_NOTHING} ${CONNECT} 04 20010db8000000000000000000000001 01bb`,
    carried: '',
  },
  {
    name: 'a name of 255 bytes fills its length byte',
    target: [name255, 443],
    hop: GRANTED,
    sent: `${OFFERS_NOTHING} ${CONNECT} 03 ff ${text(name255)} 01bb`,
    carried: '',
  },
  { name: 'the highest port', target: ['vpn.example', 65_535], hop: GRANTED, carried: '' },
  { name: 'a reply with an IPv6 address', hop: `${FREE} 05 00 00 04 ${'20'.repeat(16)} 01bb`, carried: '' },
  { name: 'a reply with a name', hop: `${FREE} 05 00 00 03 ${sized('out.example')} 01bb`, carried: '' },
  { name: 'a reply with an empty name', hop: `${FREE} 05 00 00 03 00 01bb`, carried: '' },
  { name: 'a reply with a name of 255 bytes', hop: `${FREE} 05 00 00 03 ff ${'61'.repeat(255)} 01bb`, carried: '' },
  {
    name: 'a reply with the address 0.0.0.0:0, as most proxies send',
    hop: `${FREE} 05 00 00 01 00000000 0000`,
    carried: '',
  },
  { name: 'the reserved byte means nothing', hop: `${FREE} 05 00 7f ${BOUND}`, carried: '' },
  { name: 'early data, of every value', hop: `${GRANTED} 00ff0d0a0d0a05000000`, carried: '00ff0d0a0d0a05000000' },
  {
    name: 'early data in ASCII, lines and all',
    hop: GRANTED + text('220 hi\r\n\r\n'),
    carried: text('220 hi\r\n\r\n'),
  },
  {
    name: 'early data that looks like another reply',
    hop: `${GRANTED} 05 00 00 ${BOUND}`,
    carried: `05 00 00 ${BOUND}`,
  },
  { name: 'early data longer than any reply', hop: GRANTED + 'a5'.repeat(1_000), carried: 'a5'.repeat(1_000) },
]

const logins: readonly SocksRow[] = [
  {
    name: 'a login is offered alone, and sent when it is chosen',
    login: LOGIN,
    hop: `${LOGGED_IN} 05 00 00 ${BOUND}`,
    sent: `${OFFERS_LOGIN} ${SAYS_LOGIN} ${CONNECT} ${TARGET}`,
    carried: '',
  },
  {
    name: 'the reply to a login may have version 5, as tinyproxy and others write',
    login: LOGIN,
    hop: `05 02 05 00 05 00 00 ${BOUND}`,
    carried: '',
  },
  { name: 'early data behind a login', login: LOGIN, hop: `${LOGGED_IN} 05 00 00 ${BOUND} 6869`, carried: '6869' },
  {
    name: 'lengths of a login are bytes, not characters',
    login: 'ännchen\npässwörd',
    hop: `${LOGGED_IN} 05 00 00 ${BOUND}`,
    sent: `${OFFERS_LOGIN} 01 08 ${text('ännchen')} 0a ${text('pässwörd')} ${CONNECT} ${TARGET}`,
    carried: '',
  },
  {
    name: 'a user and a password of 255 bytes',
    login: `${'u'.repeat(255)}\n${'p'.repeat(255)}`,
    hop: `${LOGGED_IN} 05 00 00 ${BOUND}`,
    sent: `${OFFERS_LOGIN} 01 ff ${'75'.repeat(255)} ff ${'70'.repeat(255)} ${CONNECT} ${TARGET}`,
    carried: '',
  },
  {
    name: 'the status of a login is not 0',
    login: LOGIN,
    hop: '05 02 01 01',
    fails: ['HOP_AUTH', /refuses the login/],
  },
  {
    name: 'the status is 0xff, in version 5',
    login: LOGIN,
    hop: '05 02 05 ff',
    fails: ['HOP_AUTH', /refuses the login/],
  },
  { name: 'the reply to a login has version 0', login: LOGIN, hop: '05 02 00 00', fails: ['BAD_REPLY', /SOCKS4/] },
  { name: 'the reply to a login has version 2', login: LOGIN, hop: '05 02 02 00', fails: ['BAD_REPLY', /not shown/] },
  {
    name: 'nonsense is not shown where a secret is told on the way',
    mayQuote: false,
    hop: '61',
    fails: ['BAD_REPLY', /not shown/],
  },
  {
    name: 'a choice is not shown where a secret is told on the way',
    mayQuote: false,
    hop: '05 61',
    fails: ['BAD_REPLY', /not shown/],
  },
  {
    name: 'the hop says our login back where its own reply belongs',
    login: LOGIN,
    hop: `05 02 ${text(`${USER} ${PASSWORD}`)}`,
    fails: ['BAD_REPLY', /not shown/],
  },
  {
    name: 'the hop says our password back as its reason',
    login: LOGIN,
    hop: `${LOGGED_IN} 05 ${text(PASSWORD)}`,
    fails: ['HOP_REFUSED', /not shown/],
  },
]

const methods: readonly SocksRow[] = [
  {
    name: 'no method is acceptable, and we have no login',
    hop: '05 ff',
    fails: ['HOP_AUTH', /wants a login, and none is set/],
  },
  {
    name: 'no method is acceptable, and we have a login',
    login: LOGIN,
    hop: '05 ff',
    sent: OFFERS_LOGIN,
    fails: ['HOP_DOWNGRADE', /takes no user and password/],
  },
  {
    name: 'no login is wanted, though one is set (OpenVPN 2903eba5)',
    login: LOGIN,
    hop: `05 00 05 00 00 ${BOUND}`,
    sent: OFFERS_LOGIN,
    fails: ['HOP_DOWNGRADE', /we do not go without/],
  },
  {
    name: 'a login is wanted that was not offered',
    hop: '05 02',
    sent: OFFERS_NOTHING,
    fails: ['HOP_AUTH', /none is set/],
  },
  { name: 'GSSAPI is chosen, and was not offered', hop: '05 01', fails: ['BAD_REPLY', /was not offered \("\\x01"\)/] },
  {
    name: 'GSSAPI is chosen in place of the login',
    login: LOGIN,
    hop: '05 01',
    sent: OFFERS_LOGIN,
    fails: ['BAD_REPLY', /was not offered/],
  },
  { name: 'a private method is chosen', hop: '05 80', fails: ['BAD_REPLY', /was not offered \("\\x80"\)/] },
]

const strangers: readonly SocksRow[] = [
  {
    name: 'an HTTP proxy',
    hop: text('HTTP/1.1 400 Bad Request\r\n\r\n'),
    fails: ['BAD_REPLY', /looks like HTTP .*http-proxy/],
  },
  { name: 'a page without a head', hop: text('<html>'), fails: ['BAD_REPLY', /looks like HTTP/] },
  { name: 'a TLS alert', hop: '15 0303 0002 0228', fails: ['BAD_REPLY', /looks like TLS/] },
  { name: 'a TLS handshake', hop: '16 0303 0040', fails: ['BAD_REPLY', /looks like TLS/] },
  { name: 'an SSH banner', hop: text('SSH-2.0-OpenSSH_9.2\r\n'), fails: ['BAD_REPLY', /looks like SSH/] },
  { name: 'a mail server', hop: text('220 mail.example ESMTP\r\n'), fails: ['BAD_REPLY', /mail/] },
  { name: 'a SOCKS4 proxy that refuses the version', hop: '00 5b 0000 00000000', fails: ['BAD_REPLY', /VERSION 4/] },
  { name: 'NUL bytes', hop: '00'.repeat(64), fails: ['BAD_REPLY', /SOCKS4/] },
  { name: 'an escape sequence for terminals', hop: '1b 5b 32 4a', fails: ['BAD_REPLY', /begins with "\\x1b"$/] },
  { name: 'a version of the future', hop: '06 00', fails: ['BAD_REPLY', /begins with "\\x06"/] },
  {
    name: 'an HTTP proxy, to whom our login must not go',
    login: LOGIN,
    hop: text('HTTP/1.0 405 Method Not Allowed\r\n\r\n'),
    sent: OFFERS_LOGIN,
    fails: ['BAD_REPLY', /looks like HTTP/],
  },
  {
    name: 'something else from the reply on',
    hop: `${FREE} ${text('HTTP/1.1 200 OK')}`,
    fails: ['BAD_REPLY', /looks like HTTP/],
  },
]

const replies: readonly SocksRow[] = [
  {
    name: 'REP 1, general failure',
    hop: `${FREE} 05 01 00 ${BOUND}`,
    fails: ['HOP_REFUSED', /vpn\.example:443: it failed/],
  },
  { name: 'REP 2, not allowed', hop: `${FREE} 05 02 00 ${BOUND}`, fails: ['HOP_REFUSED', /rules forbid/] },
  {
    name: 'REP 3, network unreachable',
    hop: `${FREE} 05 03 00 ${BOUND}`,
    fails: ['HOP_REFUSED', /no route to that network/],
  },
  {
    name: 'REP 4, host unreachable',
    hop: `${FREE} 05 04 00 ${BOUND}`,
    fails: ['HOP_REFUSED', /no route to that host/],
  },
  { name: 'REP 5, connection refused', hop: `${FREE} 05 05 00 ${BOUND}`, fails: ['HOP_REFUSED', /refused there/] },
  { name: 'REP 6, TTL expired', hop: `${FREE} 05 06 00 ${BOUND}`, fails: ['HOP_REFUSED', /TTL/] },
  {
    name: 'REP 7, command not supported',
    hop: `${FREE} 05 07 00 ${BOUND}`,
    fails: ['HOP_REFUSED', /does not do that/],
  },
  {
    name: 'REP 8, address type not supported',
    target: ['2001:db8::1', 443],
    hop: `${FREE} 05 08 00 ${BOUND}`,
    fails: ['HOP_REFUSED', /\[2001:db8::1\]:443: it does not know this type of address/],
  },
  { name: 'REP 9, which nobody has defined', hop: `${FREE} 05 09 00 ${BOUND}`, fails: ['HOP_REFUSED', /\("\\x09"\)/] },
  { name: 'REP 0xff', hop: `${FREE} 05 ff`, fails: ['HOP_REFUSED', /\("\\xff"\)/] },
  {
    name: 'a refusal that is cut off behind its reason',
    hop: `${FREE} 05 05`,
    fails: ['HOP_REFUSED', /refused there/],
  },
  { name: 'a reply of another version', hop: `${FREE} 04 00 00 ${BOUND}`, fails: ['BAD_REPLY', /begins with "\\x04"/] },
  {
    name: 'a reply with address type 0',
    hop: `${FREE} 05 00 00 00 0000`,
    fails: ['BAD_REPLY', /type that SOCKS5 does not have/],
  },
  {
    name: 'a reply with address type 2',
    hop: `${FREE} 05 00 00 02 c6336407 0438`,
    fails: ['BAD_REPLY', /type that SOCKS5/],
  },
  { name: 'a reply with address type 0xff', hop: `${FREE} 05 00 00 ff`, fails: ['BAD_REPLY', /type that SOCKS5/] },
  { name: 'half a choice of method', hop: '05', waits: true },
  { name: 'no reply to the request', hop: FREE, waits: true },
  { name: 'no reply to the login', login: LOGIN, hop: '05 02 01', waits: true },
  { name: 'a reply without its last byte', hop: `${FREE} 05 00 00 01 c6336407 04`, waits: true },
  { name: 'a reply without the length of its name', hop: `${FREE} 05 00 00 03`, waits: true },
  {
    name: 'a name that is shorter than its length says',
    hop: `${FREE} 05 00 00 03 ff ${'61'.repeat(256)}`,
    waits: true,
  },
  { name: 'an IPv6 address cut off', hop: `${FREE} 05 00 00 04 ${'20'.repeat(16)} 01`, waits: true },
]

const relays: readonly SocksRow[] = [
  {
    name: 'a relay is asked for without saying from where we will send',
    transport: 'udp',
    hop: GRANTED,
    sent: `${OFFERS_NOTHING} ${ASSOCIATE}`,
    relay: ['198.51.100.7', 1080],
  },
  {
    name: 'a relay behind a login',
    transport: 'udp',
    login: LOGIN,
    hop: `${LOGGED_IN} 05 00 00 ${BOUND}`,
    sent: `${OFFERS_LOGIN} ${SAYS_LOGIN} ${ASSOCIATE}`,
    relay: ['198.51.100.7', 1080],
  },
  {
    name: 'a relay at an IPv6 address',
    transport: 'udp',
    hop: `${FREE} 05 00 00 04 20010db8000000000000000000000007 0438`,
    relay: ['2001:db8::7', 1080],
  },
  {
    name: 'a relay at a mapped address is at the IPv4 address',
    transport: 'udp',
    hop: `${FREE} 05 00 00 04 00000000000000000000ffffc6336407 0438`,
    relay: ['198.51.100.7', 1080],
  },
  {
    name: 'a relay at the unspecified address is passed on as said, for the engine to judge',
    transport: 'udp',
    hop: `${FREE} 05 00 00 01 00000000 0438`,
    relay: ['0.0.0.0', 1080],
  },
  {
    name: 'bytes behind the reply that gives a relay are nobody’s',
    transport: 'udp',
    hop: `${GRANTED} 68690d0a`,
    relay: ['198.51.100.7', 1080],
  },
  {
    name: 'a relay with a name would be looked up by us',
    transport: 'udp',
    hop: `${FREE} 05 00 00 03 ${sized('relay.example')} 0438`,
    fails: ['BAD_REPLY', /gives its relay a name/],
  },
  {
    name: 'a relay with an empty name',
    transport: 'udp',
    hop: `${FREE} 05 00 00 03 00 0438`,
    fails: ['BAD_REPLY', /gives its relay a name/],
  },
  {
    name: 'a relay at port 0',
    transport: 'udp',
    hop: `${FREE} 05 00 00 01 c6336407 0000`,
    fails: ['BAD_REPLY', /port 0/],
  },
  {
    name: 'a proxy that does not relay datagrams',
    transport: 'udp',
    hop: `${FREE} 05 07 00 ${BOUND}`,
    fails: ['HOP_REFUSED', /does not relay datagrams to vpn\.example:443: it does not do that/],
  },
]

const BOUND4 = '0438 c6336407'
const socks4: readonly SocksRow[] = [
  {
    name: 'an IPv4 address, and no user',
    target: ['198.51.100.9', 443],
    hop: `00 5a ${BOUND4}`,
    sent: '04 01 01bb c6336409 00',
    carried: '',
  },
  {
    name: 'a name goes behind an address that says so (4a)',
    hop: `00 5a ${BOUND4}`,
    sent: `04 01 01bb 00000001 00 ${text('vpn.example')} 00`,
    carried: '',
  },
  {
    name: 'the user of a login without password',
    login: 'ann\n',
    hop: `00 5a ${BOUND4}`,
    sent: `04 01 01bb 00000001 ${text('ann')} 00 ${text('vpn.example')} 00`,
    carried: '',
  },
  { name: 'the address in the reply means nothing', hop: '00 5a 0000 00000000', carried: '' },
  { name: 'early data behind eight bytes', hop: `00 5a ${BOUND4} 00 5b 0d0a`, carried: '00 5b 0d0a' },
  { name: 'code 0x5b, refused', hop: `00 5b ${BOUND4}`, fails: ['HOP_REFUSED', /vpn\.example:443: it refuses/] },
  { name: 'code 0x5c, no identd', hop: `00 5c ${BOUND4}`, fails: ['HOP_AUTH', /identd.*no answer/] },
  { name: 'code 0x5d, another user', hop: `00 5d ${BOUND4}`, fails: ['HOP_AUTH', /another user/] },
  { name: 'a code that SOCKS4 does not have', hop: '00 5e', fails: ['HOP_REFUSED', /none that SOCKS4 has \("\^"\)/] },
  {
    name: 'code 0, success in SOCKS5',
    hop: `00 00 ${BOUND4}`,
    fails: ['HOP_REFUSED', /none that SOCKS4 has \("\\x00"\)/],
  },
  {
    name: 'a code that may be a letter of our user',
    login: `${USER}\n`,
    hop: '00 61',
    fails: ['HOP_REFUSED', /not shown/],
  },
  {
    name: 'a version that is ours, not that of replies',
    hop: `04 5a ${BOUND4}`,
    fails: ['BAD_REPLY', /begins with "\\x04"/],
  },
  { name: 'a SOCKS5 proxy', hop: '05 ff', fails: ['BAD_REPLY', /looks like SOCKS5/] },
  { name: 'an HTTP proxy instead of SOCKS4', hop: text('HTTP/1.1 400 '), fails: ['BAD_REPLY', /looks like HTTP/] },
  { name: 'a TLS alert instead of SOCKS4', hop: '15 0301 0002', fails: ['BAD_REPLY', /looks like TLS/] },
  { name: 'an SSH banner instead of SOCKS4', hop: text('SSH-2.0-x'), fails: ['BAD_REPLY', /looks like SSH/] },
  {
    name: 'nonsense is not shown in SOCKS4 either',
    mayQuote: false,
    hop: '61',
    fails: ['BAD_REPLY', /not shown/],
  },
  { name: 'a stranger who says our user back', login: `${USER}\n`, hop: text(USER), fails: ['BAD_REPLY', /not shown/] },
  { name: 'seven of eight bytes', hop: '00 5a 0438 c63364', waits: true },
  { name: 'one of eight bytes', hop: '00', waits: true },
].map((row) => ({ ...row, version: '4' }) as SocksRow)

/** Not asked at all: SOCKS has no way to say it. */
const unsayable: readonly SocksRow[] = [
  {
    name: 'a name of 256 bytes is refused, never cut off',
    target: [`${name255}c`, 443],
    hop: '',
    fails: ['BAD_HOP', /255/],
  },
  { name: 'no name', target: ['', 443], hop: '', fails: ['BAD_HOP', /ASCII/] },
  { name: 'a name that is no ASCII', target: ['vpn\u00e4.example', 443], hop: '', fails: ['BAD_HOP', /ASCII/] },
  {
    name: 'a name that would end the request in its midst',
    version: '4',
    target: ['vpn.example\u0000', 443],
    hop: '',
    fails: ['BAD_HOP', /control characters/],
  },
  { name: 'a zone is ours alone', target: ['fe80::1%eth0', 443], hop: '', fails: ['BAD_HOP', /zone/] },
  {
    name: 'a user of 256 bytes',
    login: `${'u'.repeat(256)}\np`,
    hop: '',
    fails: ['BAD_HOP', /user has more than 255/],
  },
  {
    name: 'a user of 128 characters, and 256 bytes',
    login: `${'ü'.repeat(128)}\np`,
    hop: '',
    fails: ['BAD_HOP', /255/],
  },
  { name: 'a password of 256 bytes', login: `u\n${'p'.repeat(256)}`, hop: '', fails: ['BAD_HOP', /password has more/] },
  { name: 'an empty password', login: 'ann\n', hop: '', fails: ['BAD_HOP', /password is empty/] },
  { name: 'a login of one line', login: USER, hop: '', fails: ['BAD_HOP', /two lines/] },
  { name: 'a login that is no text', login: `${USER}\u0000\n${PASSWORD}`, hop: '', fails: ['BAD_HOP', /two lines/] },
  {
    name: 'IPv6 over SOCKS4',
    version: '4',
    target: ['2001:db8::1', 443],
    hop: '',
    fails: ['BAD_HOP', /knows no IPv6/],
  },
  {
    name: 'an address that SOCKS4 takes for a name',
    version: '4',
    target: ['0.0.0.7', 443],
    hop: '',
    fails: ['BAD_HOP', /for a name/],
  },
  { name: 'a password over SOCKS4', version: '4', login: LOGIN, hop: '', fails: ['BAD_HOP', /no passwords/] },
  { name: 'datagrams over SOCKS4', version: '4', transport: 'udp', hop: '', fails: ['BAD_HOP', /no datagrams/] },
]

export const SOCKS_ROWS = [
  ...connects,
  ...logins,
  ...methods,
  ...strangers,
  ...replies,
  ...relays,
  ...socks4,
  ...unsayable,
]
