/**
 * NTLMv2 ([MS-NLMP]): three messages over one connection, the last of which proves that we know the password. As OpenVPN
 * and curl do it: without a session key, a signature or a MIC, which a proxy has no use for.
 */
import { concat } from '../concat.ts'
import type { Login } from './login.ts'
import type { Tools } from './negotiator.ts'
import { asText, octets, utf8Text } from './octets.ts'

const SIGNATURE = 'NTLMSSP\0'

// Section 2.2.2.5.
const UNICODE = 0x0000_0001
const OEM = 0x0000_0002
const REQUEST_TARGET = 0x0000_0004
const NTLM = 0x0000_0200
const ALWAYS_SIGN = 0x0000_8000
const EXTENDED_SESSION_SECURITY = 0x0008_0000
const TARGET_INFO = 0x0080_0000
const OURS = UNICODE | OEM | REQUEST_TARGET | NTLM | ALWAYS_SIGN | EXTENDED_SESSION_SECURITY

/** Type 1: what we can do. Names neither user nor domain. */
export function ntlmNegotiate(): Uint8Array {
  const noFields = new Uint8Array(2 * 8)
  return concat(octets(SIGNATURE), uint32(1), uint32(OURS), noFields)
}

export interface NtlmChallenge {
  readonly flags: number
  readonly serverChallenge: Uint8Array
  /** Attributes and values, as they came. */
  readonly targetInfo: Uint8Array
  /** The server's clock, 8 bytes, if it says it. */
  readonly timestamp: Uint8Array | undefined
}

/** Type 2; `undefined`: it is none. */
export function readNtlmChallenge(bytes: Uint8Array): NtlmChallenge | undefined {
  if (bytes.length < 32 || asText(bytes.subarray(0, 8)) !== SIGNATURE) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const flags = view.getUint32(20, true)
  if (view.getUint32(8, true) !== 2 || (flags & NTLM) === 0) return undefined
  const targetInfo = (flags & TARGET_INFO) === 0 ? new Uint8Array(0) : fieldAt(40, view, bytes)
  const pairs = targetInfo && readPairs(targetInfo)
  if (!targetInfo || !pairs) return undefined
  return { flags, serverChallenge: bytes.subarray(24, 32), targetInfo, timestamp: pairs.timestamp }
}

/** A field is its length, its room, and where it stands. */
function fieldAt(at: number, view: DataView, bytes: Uint8Array): Uint8Array | undefined {
  if (bytes.length < at + 8) return undefined
  const [length, offset] = [view.getUint16(at, true), view.getUint32(at + 4, true)]
  return offset + length <= bytes.length ? bytes.subarray(offset, offset + length) : undefined
}

const MSV_AV_EOL = 0
const MSV_AV_TIMESTAMP = 7

/** Section 2.2.2.1. `undefined`: a length in it goes beyond its end. */
function readPairs(info: Uint8Array): { readonly timestamp: Uint8Array | undefined } | undefined {
  const view = new DataView(info.buffer, info.byteOffset, info.byteLength)
  let timestamp: Uint8Array | undefined
  for (let at = 0; at < info.length;) {
    if (at + 4 > info.length) return undefined
    const [id, length] = [view.getUint16(at, true), view.getUint16(at + 2, true)]
    if (id === MSV_AV_EOL) break
    if (at + 4 + length > info.length) return undefined
    if (id === MSV_AV_TIMESTAMP && length === 8) timestamp = info.subarray(at + 4, at + 12)
    at += 4 + length
  }
  return { timestamp }
}

/** Type 3. The user may stand behind a domain: `DOMAIN\user`. */
export function ntlmAuthenticate(challenge: NtlmChallenge, login: Login, tools: Tools): Uint8Array {
  const [, domain = '', user = login.user] = /^([^\\]*)\\(.*)$/s.exec(login.user) ?? []
  const { lm, nt } = respond(challenge, { user, domain, password: login.password }, tools)
  const isUnicode = (challenge.flags & UNICODE) !== 0
  const written = (text: string): Uint8Array => (isUnicode ? utf16(text) : octets(utf8Text(text)))
  const [workstation, sessionKey] = [new Uint8Array(0), new Uint8Array(0)]
  const fields = [lm, nt, written(domain), written(user), workstation, sessionKey]
  const head = 8 + 4 + fields.length * 8 + 4
  let end = head
  const places = fields.map(({ length }) => {
    const place = concat(uint16(length), uint16(length), uint32(end))
    end += length
    return place
  })
  const flags = challenge.flags & (OURS | TARGET_INFO)
  return concat(octets(SIGNATURE), uint32(3), ...places, uint32(flags), ...fields)
}

interface Credentials extends Login {
  readonly domain: string
}

/** Section 3.3.2. */
function respond(challenge: NtlmChallenge, { user, domain, password }: Credentials, tools: Tools) {
  const { serverChallenge, targetInfo, timestamp } = challenge
  const hmac = (key: Uint8Array, ...parts: Uint8Array[]) => tools.hmac('md5', key, concat(...parts))
  const clientChallenge = tools.random(8)
  const key = hmac(tools.hash('md4', utf16(password)), utf16(upper(user) + domain))
  const blob = concat(
    [1, 1, 0, 0, 0, 0, 0, 0],
    timestamp ?? fileTime(tools.wall()),
    clientChallenge,
    uint32(0),
    targetInfo,
    uint32(0),
  )
  const nt = concat(hmac(key, serverChallenge, blob), blob)
  // Section 3.1.5.1.2: a server that says its time does not look at it.
  const lm = timestamp ? new Uint8Array(24) : concat(hmac(key, serverChallenge, clientChallenge), clientChallenge)
  return { lm, nt }
}

/** As Windows does it, which never makes one letter two: the German sharp s stays. */
const upper = (text: string): string =>
  Array.from(text, (char) => (char.toUpperCase().length === char.length ? char.toUpperCase() : char)).join('')

/** Steps of 100 ns since 1601. */
function fileTime(ms: number): Uint8Array {
  const bytes = new Uint8Array(8)
  new DataView(bytes.buffer).setBigUint64(0, (BigInt(Math.trunc(ms)) + 11_644_473_600_000n) * 10_000n, true)
  return bytes
}

const utf16 = (text: string): Uint8Array =>
  Uint8Array.from({ length: text.length * 2 }, (_, i) => text.charCodeAt(i >> 1) >> (i % 2 === 0 ? 0 : 8))
const uint16 = (value: number): readonly number[] => [value & 255, (value >> 8) & 255]
const uint32 = (value: number): readonly number[] => [...uint16(value & 0xffff), ...uint16(value >>> 16)]
