/** Addresses as SOCKS5 writes them (RFC 1928, section 5): a type, the address or name, the port. */
import ipaddr from 'ipaddr.js'
import { type Address, parseAddress, unmap } from '../endpoint.ts'
import { utf8 } from '../utf8.ts'

const TYPE_IPV4 = 1
const TYPE_NAME = 3
const TYPE_IPV6 = 4

/** The length of a name is one byte. */
export const MAX_NAME = 255

export interface SocksAddress {
  readonly type: 'literal' | 'name'
  /** A literal is canonical, and IPv4 where it was mapped into IPv6; a name is as it was sent, a character for a byte. */
  readonly host: string
  readonly port: number
  /** Bytes that it takes. */
  readonly length: number
}

/** A literal without zone, or a name of 1 to `MAX_NAME` bytes: who calls has judged that. */
export function socksAddress({ host, port }: { readonly host: string; readonly port: number }): Uint8Array {
  const literal = parseAddress(host)
  const body = literal ? literalBytes(literal.address) : nameBytes(host)
  return Uint8Array.of(...body, port >> 8, port & 0xff)
}

function literalBytes(address: string): readonly number[] {
  return [address.includes(':') ? TYPE_IPV6 : TYPE_IPV4, ...ipaddr.parse(address).toByteArray()]
}

function nameBytes(name: string): readonly number[] {
  const bytes = utf8(name)
  return [TYPE_NAME, bytes.length, ...bytes]
}

/** Reads one from the front; `cut`: it is not all there, `unknown`: of a type that SOCKS5 does not have. */
export function readSocksAddress(bytes: Uint8Array): SocksAddress | 'cut' | 'unknown' {
  const [type, nameLength] = bytes
  switch (type) {
    case undefined:
      return 'cut'
    case TYPE_IPV4:
      return readAt(bytes, 1, 4, literalOf)
    case TYPE_IPV6:
      return readAt(bytes, 1, 16, literalOf)
    case TYPE_NAME:
      return nameLength === undefined ? 'cut' : readAt(bytes, 2, nameLength, nameOf)
    default:
      return 'unknown'
  }
}

type Host = Pick<SocksAddress, 'type' | 'host'>

/** The host of `size` bytes that begins at `start`, and the port behind it. */
function readAt(bytes: Uint8Array, start: number, size: number, hostOf: (bytes: Uint8Array) => Host) {
  const end = start + size
  const [high, low] = bytes.subarray(end)
  if (high === undefined || low === undefined) return 'cut'
  return { ...hostOf(bytes.subarray(start, end)), port: (high << 8) | low, length: end + 2 }
}

function literalOf(bytes: Uint8Array): Host {
  // Two spellings of one address must not be two hosts.
  const literal = parseAddress(ipaddr.fromByteArray([...bytes]).toNormalizedString()) as Address
  return { type: 'literal', host: (unmap(literal) ?? literal).address }
}

const nameOf = (bytes: Uint8Array): Host => ({ type: 'name', host: String.fromCharCode(...bytes) })
