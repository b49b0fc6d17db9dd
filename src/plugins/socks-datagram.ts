/**
 * Datagrams through a SOCKS5 relay (RFC 1928, section 7): each has a header in front that names its target, or on the way
 * back its source. Nobody but the target is heard.
 */
import { parseAddress, unmap } from '../endpoint.ts'
import type { Relay } from './negotiator.ts'
import { concat } from '../concat.ts'
import { type SocksAddress, readSocksAddress, socksAddress } from './socks-address.ts'

/** Two reserved bytes, and the number of the fragment: 0 for a whole datagram. */
const LEAD = 3
const FRAGMENT = 2

interface Place {
  readonly host: string
  readonly port: number
}

/** `address` and `port`: where the hop says that its relay is. */
export function socksRelay({ host: address, port }: Place, target: Place): Relay {
  const header = Uint8Array.of(0, 0, 0, ...socksAddress(target))
  const isTarget = sourceFilter(target)
  return {
    address,
    port,
    wrap: (payload) => concat(header, payload),
    unwrap: (datagram) => {
      // A fragment is dropped, as the RFC asks of who does not put fragments together.
      if (datagram[FRAGMENT] !== 0) return undefined
      const source = readSocksAddress(datagram.subarray(LEAD))
      if (typeof source === 'string' || !isTarget(source)) return undefined
      return datagram.subarray(LEAD + source.length)
    },
  }
}

/**
 * A literal is the target and nothing else is. What a name stands for the hop knows alone: the first source that answers
 * from the target's port is it, for as long as the relay lives.
 */
function sourceFilter({ host, port }: Place): (source: SocksAddress) => boolean {
  const literal = parseAddress(host)
  let known = literal && (unmap(literal) ?? literal).address
  return (source) => {
    if (source.port !== port || (source.type === 'name' && (literal || !isSameName(source.host, host)))) return false
    known ??= source.host
    return source.host === known
  }
}

const isSameName = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase()
