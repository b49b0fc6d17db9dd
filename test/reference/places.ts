/**
 * What one `<listen>` block and one answer come to, as the rules R2 and R8 say: the addresses to be bound, and which
 * blocks cannot both be. Written from the README's rules, not from `src/bind-list.ts` or `src/config/clashes.ts`.
 */
import type { Listen } from '../../src/config/server-schema.ts'
import { type Address, type Family, parseAddress, undialable } from '../../src/endpoint.ts'
import { normal } from './candidates.ts'

/** An address that is to be bound, and who wanted it: the user, nobody in particular, or `multihome`. */
export interface Member extends Address {
  readonly kind: 'named' | 'wildcard' | 'own'
}

const EVERY = { ipv4: '0.0.0.0', ipv6: '::' } as const
const isEvery = ({ family, address }: Address) => address === EVERY[family]

export const isNamed = ({ host }: Listen): boolean => host !== undefined && parseAddress(host) === undefined

/** `answer`: of its name, if it has one. `own`: the addresses of this host, when `multihome` puts them in. */
export function membersOf(listen: Listen, answer: readonly string[], own?: readonly string[]): readonly Member[] {
  if (isNamed(listen)) return fromAnswer(listen, answer)
  return written(listen).flatMap((member): readonly Member[] => {
    if (!own || listen.proto === 'tcp' || !isEvery(member)) return [member]
    const addresses = own.flatMap((text) => parseAddress(text) ?? [])
    return addresses.filter(({ family }) => family === member.family).map((one) => ({ ...one, kind: 'own' }))
  })
}

function written({ host, family }: Listen): readonly Member[] {
  const literal = parseAddress(host ?? '')
  if (literal && (literal.address !== '::' || family)) return [{ ...literal, kind: 'named' }]
  return families(family).map((one) => ({ family: one, address: EVERY[one], kind: 'wildcard' }))
}

const families = (forced: Family | undefined): readonly Family[] => (forced ? [forced] : ['ipv4', 'ipv6'])

function fromAnswer({ family: forced }: Listen, answer: readonly string[]): readonly Member[] {
  const different = new Map(answer.map((text) => [normal(text)?.address ?? text, normal(text)]))
  const taken = [...different.values()].slice(0, 25).filter((address) => address !== undefined)
  return taken
    .filter((address) => undialable(address) === undefined && (forced ?? address.family) === address.family)
    .map((address) => ({ ...address, kind: 'named' }))
}

/** Whether the system would refuse one of them, whatever names stand for; the same name stands for the same. */
export function clash(a: Listen, b: Listen): boolean {
  if (a.proto !== b.proto || a.port !== b.port || a.port === 0) return false
  if (isNamed(a) && isNamed(b)) {
    const shared = families(a.family).some((family) => families(b.family).includes(family))
    return shared && a.host?.toLowerCase() === b.host?.toLowerCase()
  }
  return membersOf(a, []).some((one) => membersOf(b, []).some((other) => isSamePlace(one, other)))
}

function isSamePlace(a: Address, b: Address): boolean {
  return a.family === b.family && (a.address === b.address || isEvery(a) || isEvery(b))
}
