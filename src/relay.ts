/**
 * Where a hop may send our datagrams. It names an address, and what it names we would dial: a hop out in the world must
 * not point us into our own network, nor at ourselves. Pure.
 */
import ipaddr from 'ipaddr.js'
import { type Address, type Endpoint, formatEndpoint, parseAddress, undialable, unmap } from './endpoint.ts'
import { type Failure, failure } from './failure.ts'
import { printable } from './printable.ts'

/**
 * `door`: the address at which the hop was dialled; `0.0.0.0` and `::` mean that one. The relay is of its family, which is
 * the one that we may use. `mayQuote`: an address of the hop's may be shown.
 */
export function relayAt(
  { address: text, port }: { readonly address: string; readonly port: number },
  door: Address,
  mayQuote: boolean,
): Endpoint | Failure {
  const refuse = (why: string) => {
    const where = mayQuote ? printable(formatEndpoint({ address: text, port })) : 'where they must not go'
    return failure('BAD_RELAY', 'negotiate', `the hop sends our datagrams to ${where}: ${why}`)
  }
  const said = parseAddress(text)
  if (!said) return refuse('that is no address')
  if (port < 1 || port > 65_535) return refuse('that is no port')
  const meant = unmap(said) ?? said
  const { family, address } = UNSPECIFIED.has(meant.address) ? door : meant
  if (address === door.address) return { family, address, port }
  const why = undialable({ family, address })
  if (why !== undefined) return refuse(why)
  if (family !== door.family) return refuse(`that is ${family}, and the hop was reached by ${door.family}`)
  if (reachOf(address) < reachOf(door.address)) return refuse('a hop further out may not lead us back in')
  return { family, address, port }
}

const UNSPECIFIED: ReadonlySet<string> = new Set(['0.0.0.0', '::'])

/** How far out an address is: this host, a network of ours, the world. */
function reachOf(address: string): 0 | 1 | 2 {
  const range = ipaddr.process(address.replace(/%.*/, '')).range()
  if (range === 'loopback') return 0
  return range === 'unicast' ? 2 : 1
}
