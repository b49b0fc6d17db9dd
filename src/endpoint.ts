/**
 * Addresses and hosts, as text and nothing more. Everything that is ever dialled or bound passes through here first:
 * a host is judged before any call to the system, an address is brought into one spelling, so that two equal
 * addresses are equal strings.
 */
import ipaddr from 'ipaddr.js'

export type Family = 'ipv4' | 'ipv6'
export type Transport = 'tcp' | 'udp'

/** A literal address. `address` is canonical: dotted quad, or RFC 5952 with its zone (`fe80::1%eth0`). */
export interface Address {
  readonly family: Family
  readonly address: string
}

export interface Endpoint extends Address {
  readonly port: number
}

// Four decimal numbers without leading zeros: `010.0.0.1` and `127.1` mean something else to the C library.
const QUAD = /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/
const ZONE = /^[!-~]{1,15}$/ // IFNAMSIZ is 16 with its NUL

// IPv6 that is canonical as it stands, which most of it is: one `::`, no group that is 0, and no zero to drop.
const GROUPS = '(?:[1-9a-f][\\da-f]{0,3}(?::[1-9a-f][\\da-f]{0,3})*)?'
const CANONICAL = new RegExp(`^(?!(?:[^:]*:){7})${GROUPS}::${GROUPS}$`)

/** Reads a literal address; `undefined` when the text is no strict literal (then it is a name, or nonsense). */
export function parseAddress(text: string): Address | undefined {
  if (QUAD.test(text)) return { family: 'ipv4', address: text }
  if (CANONICAL.test(text)) return { family: 'ipv6', address: text }
  const [bare = '', zone, ...rest] = text.split('%')
  if (rest.length > 0 || (zone !== undefined && !ZONE.test(zone)) || !bare.includes(':')) return undefined
  // ipaddr.js turns `::1.2.3.4` into a mapped address, so the quad at the end is written as hexadecimal groups first.
  const tail = bare.slice(bare.lastIndexOf(':') + 1)
  const hex = QUAD.test(tail) ? bare.slice(0, bare.length - tail.length) + quadToGroups(tail) : bare
  const address = hex.includes('.') ? undefined : canonical(hex)
  if (address === undefined) return undefined
  return { family: 'ipv6', address: zone === undefined ? address : `${address}%${zone}` }
}

function canonical(hex: string): string | undefined {
  try {
    return ipaddr.IPv6.parse(hex).toRFC5952String()
  } catch {
    return undefined
  }
}

function quadToGroups(quad: string): string {
  const [a = 0, b = 0, c = 0, d = 0] = quad.split('.').map(Number)
  return `${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`
}

// One spelling for each address, so the text tells its kind.
const MAPPED = /^::ffff:([\da-f]{1,4}):([\da-f]{1,4})(?:%|$)/
const MULTICAST_V4 = /^(?:22[4-9]|23\d)\./
const MULTICAST_V6 = /^ff[\da-f]{2}:/
const LINK_LOCAL = /^fe[89ab][\da-f]:/

/** The IPv4 address inside `::ffff:a.b.c.d`, or `undefined`. A zone means nothing to IPv4 and goes. */
export function unmap({ address }: Address): Address | undefined {
  const [, high, low] = MAPPED.exec(address) ?? []
  if (high === undefined || low === undefined) return undefined
  const [a, b] = [Number.parseInt(high, 16), Number.parseInt(low, 16)]
  return { family: 'ipv4', address: [a >> 8, a & 255, b >> 8, b & 255].join('.') }
}

/** Why an address cannot be dialled, in a few words; `undefined` when it can. */
export function undialable({ address }: Address): string | undefined {
  const [bare = '', zone] = address.split('%')
  if (bare === '0.0.0.0' || bare === '::') return 'the unspecified address'
  if (bare === '255.255.255.255') return 'the broadcast address'
  if (MULTICAST_V4.test(bare) || MULTICAST_V6.test(bare)) return 'a multicast address'
  if (LINK_LOCAL.test(bare) && zone === undefined) return 'a link-local address without a zone (%interface)'
  return undefined
}

/** `198.51.100.1:443`, `[2001:db8::1]:443`. */
export function formatEndpoint({ address, port }: { readonly address: string; readonly port: number }): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
}

/**
 * What is wrong with a host as somebody wrote it, for a person; `undefined` when it is a literal address or a name
 * that may be looked up. Names are ASCII (RFC 1123, underscore allowed): the system's resolver would take NUL, digits
 * and full-width letters for other hosts than the reader does.
 */
export function hostProblem(host: string): string | undefined {
  if (host === '') return 'the host is empty'
  // eslint-disable-next-line no-control-regex -- control characters are what is looked for
  if (/[\u0000-\u0020\u007f]/.test(host)) return 'a host has no blanks or control characters'
  if (parseAddress(host)) return undefined
  if (host.includes(':')) return 'this is no IPv6 address, and a name has no colon'
  if (/[^!-~]/.test(host)) return 'a host is written in ASCII; an international name in its xn-- form'
  if (host.length > 253) return `a name has at most 253 bytes, this one has ${host.length}`
  if (/(?:^|\.)(?:\d+|0[xX][\da-fA-F]*)\.?$/.test(host))
    return 'numbers alone are no host name; an IPv4 address is four numbers from 0 to 255 without leading zeros'
  for (const label of host.replace(/\.$/, '').split('.')) {
    if (label === '') return 'a name has no empty label (two dots in a row)'
    if (label.length > 63) return `a label has at most 63 bytes, this one has ${label.length}`
    if (!/^[\w-]+$/.test(label)) return `a name consists of letters, digits, "-", "_" and dots`
  }
  return undefined
}
