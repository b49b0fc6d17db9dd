/** Rule R8: blocks of a server that want the same place. Names cannot be judged before they are looked up. */
import { type Family, type Transport, formatEndpoint, parseAddress } from '../endpoint.ts'
import type { Problem } from './issue.ts'
import type { Listen, ServerConfig } from './server-schema.ts'

/** What a part of the configuration is called in an issue that stands at another. */
export type NameOf = (path: readonly PropertyKey[], from: readonly PropertyKey[]) => string

interface Clash extends Problem {
  readonly path: readonly (string | number)[]
}

export function* clashesOf({ listen }: ServerConfig, nameOf: NameOf): Generator<Clash> {
  const claims = listen.map(claimOf)
  for (const [index, claim] of claims.entries()) {
    // Of several only the first is named: each block is told once.
    const other = claims.findIndex((earlier, before) => before < index && overlap(earlier, claim))
    const rival = claims[other]
    if (!rival) continue
    const path = ['listen', index]
    const [there, here] = [nameOf(['listen', other], path), nameOf(path, path)]
    yield {
      severity: 'error',
      code: 'R8',
      message: `${rival.text} (${there}) and ${claim.text} (${here}) cannot both be bound`,
      hint: rival.text === claim.text ? 'remove one of them' : 'a wildcard takes every address of its family',
      path,
    }
  }
}

interface Claim {
  readonly proto: Transport
  readonly port: number
  readonly families: readonly Family[]
  /** A canonical address, a name, or `*`: every address of the families. */
  readonly host: string
  readonly isName: boolean
  readonly text: string
}

function claimOf({ proto, host = '::', port, family }: Listen): Claim {
  const literal = parseAddress(host)
  const isWildcard = literal?.address === '::' || literal?.address === '0.0.0.0'
  // Without a family, `::` means both wildcards (R2).
  const forced = family ?? (literal?.address === '::' ? undefined : literal?.family)
  const wildcard = forced === undefined ? '*' : forced === 'ipv4' ? '0.0.0.0' : '::'
  const address = isWildcard ? wildcard : (literal?.address ?? host.toLowerCase())
  return {
    proto,
    port,
    families: forced ? [forced] : ['ipv4', 'ipv6'],
    host: isWildcard ? '*' : address,
    isName: literal === undefined,
    text: `${proto} ${formatEndpoint({ address, port })}`,
  }
}

// Port 0 is any port, another one each time.
function overlap(a: Claim, b: Claim): boolean {
  if (a.port === 0 || a.port !== b.port || a.proto !== b.proto) return false
  if (!a.families.some((family) => b.families.includes(family))) return false
  return a.host === b.host || (!a.isName && !b.isName && (a.host === '*' || b.host === '*'))
}
