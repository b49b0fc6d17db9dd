/**
 * From one `<listen>` block, and one answer where it has a name, to the addresses it binds, in order, and to what is
 * skipped and why (R2). Pure: the machines and `plan` call the same function, so what is shown is what will be bound.
 */
import { readAnswer } from './answer.ts'
import type { Listen } from './config/server-schema.ts'
import { type Address, type Endpoint, type Family, parseAddress, undialable } from './endpoint.ts'
import { type Failure, failure } from './failure.ts'

/** An address to be bound. */
export interface Place extends Address {
  /** `wildcard`: implied, and may be skipped where the kernel lacks its family. `own`: one of this host's, as found. */
  readonly kind: 'named' | 'wildcard' | 'own'
}

export interface BindList {
  readonly places: readonly Place[]
  readonly skipped: readonly { readonly endpoint: Endpoint | null; readonly failure: Failure }[]
}

export interface HostInput {
  /** The addresses of this host, as text (`fe80::1%eth0`). */
  readonly addresses: readonly string[]
  /** A UDP wildcard becomes one socket for each of them. */
  readonly multihome: boolean
}

/** What is read once for all blocks. */
export interface Host {
  readonly addresses: readonly Address[]
  /** Families in which it has several addresses that others may know. */
  readonly crowded: readonly Family[]
  readonly multihome: boolean
}

/** What is no address is left out. */
export function hostOf({ addresses, multihome }: HostInput): Host {
  const own = addresses.flatMap((text) => parseAddress(text) ?? [])
  const isCrowded = (family: Family) => own.filter((one) => one.family === family && !isNear(one)).length > 1
  return { addresses: own, crowded: FAMILIES.filter(isCrowded), multihome }
}

const FAMILIES: readonly Family[] = ['ipv4', 'ipv6']

const WILDCARDS: Readonly<Record<Family, string>> = { ipv4: '0.0.0.0', ipv6: '::' }

/** The families that a block binds. */
export const familiesOf = ({ family }: Listen): readonly Family[] => (family ? [family] : FAMILIES)

/** What has to be looked up; no local name ever is. */
export function nameOf({ host }: Listen): string | undefined {
  return host === undefined || parseAddress(host) ? undefined : host
}

/** `answer`: what the name's look-up returned; of no meaning without a name. */
export function bindListOf(listen: Listen, answer: readonly string[], host: Host): BindList {
  const name = nameOf(listen)
  if (name !== undefined) return fromAnswer(listen, name, answer)
  const places = literals(listen)
  if (!host.multihome || listen.proto !== 'udp') return { places, skipped: [] }
  const replaced = places.flatMap((place): readonly Place[] =>
    isWildcard(place)
      ? host.addresses.filter(({ family }) => family === place.family).map((address) => ({ ...address, kind: 'own' }))
      : [place],
  )
  return { places: replaced, skipped: [] }
}

/** Why a reply of the block may leave from another address than the one that was asked; `undefined`: it may not. */
export function multihomeWarning(listen: Listen, { crowded, multihome }: Host): string | undefined {
  if (multihome || listen.proto !== 'udp' || nameOf(listen) !== undefined) return undefined
  const place = literals(listen).find((one) => isWildcard(one) && crowded.includes(one.family))
  if (!place) return undefined
  return (
    `this host has several ${place.family} addresses, and a reply from udp ${place.address} may leave from ` +
    'another one than was asked: write "multihome", or the address to serve with "local"'
  )
}

const LOOPBACK = /^127\.|^::1$/
const LINK_LOCAL = /^169\.254\.|^fe[89ab][\da-f]:/
const isNear = ({ address }: Address) => LOOPBACK.test(address) || LINK_LOCAL.test(address)

export const isWildcard = ({ family, address }: Address): boolean => address === WILDCARDS[family]

/** `::` without a family means both wildcards, as OpenVPN's dual-stack servers are written. */
function literals(listen: Listen): readonly Place[] {
  const literal = listen.host === undefined ? undefined : parseAddress(listen.host)
  const isDual = literal?.address === WILDCARDS.ipv6 && !listen.family
  if (literal && !isDual) return [{ ...literal, kind: 'named' }]
  return familiesOf(listen).map((family) => ({ family, address: WILDCARDS[family], kind: 'wildcard' }))
}

function fromAnswer(listen: Listen, name: string, answer: readonly string[]): BindList {
  const places: Place[] = []
  const skipped: { endpoint: Endpoint | null; failure: Failure }[] = []
  for (const found of readAnswer(answer, name)) {
    if ('code' in found) {
      skipped.push({ endpoint: null, failure: found })
      continue
    }
    const problem = judge(listen, found)
    if (problem) skipped.push({ endpoint: { ...found, port: listen.port }, failure: problem })
    else places.push({ ...found, kind: 'named' })
  }
  return { places, skipped }
}

function judge({ family: forced }: Listen, address: Address): Failure | undefined {
  if (forced && forced !== address.family) return failure('LOCAL_FAMILY', 'plan', `${forced} is forced for this block`)
  // A wildcard is for the configuration to say, not for a name server.
  const why = undialable(address)
  return why === undefined ? undefined : failure('BAD_ADDRESS', 'plan', `${why} is not bound for a name`)
}
