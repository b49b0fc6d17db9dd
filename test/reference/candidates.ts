/**
 * What one remote and one answer come to, as the rules R1, R3 and R6 say: the candidates in the order in which they
 * are to be tried, and the skips. Written from the README's rules, not from `src/candidate.ts`.
 */
import type { CandidateOrder, Remote } from '../../src/config/schema.ts'
import { type Address, type Family, parseAddress, undialable, unmap } from '../../src/endpoint.ts'

export interface Target extends Address {
  readonly remote: number
  readonly transport: Remote['proto']
  readonly port: number
}

export interface Skipped {
  /** `null`: it is no address, or the note that more were dropped. */
  readonly target: Target | null
  readonly code: string
}

/** One spelling for an address that has several; `undefined`: it is none. */
export function normal(text: string): Address | undefined {
  const address = parseAddress(text)
  return address && (unmap(address) ?? address)
}

export function candidates(
  remote: Remote,
  index: number,
  answer: readonly string[],
  order: CandidateOrder,
  locals: readonly Address[] | undefined,
): { readonly targets: readonly Target[]; readonly skipped: readonly Skipped[] } {
  const different = [...new Map(answer.map((text) => [normal(text)?.address ?? text, text])).values()]
  const targets: Target[] = []
  const skipped: Skipped[] = []
  for (const text of different.slice(0, 25)) {
    const address = normal(text)
    const target = address && { remote: index, transport: remote.proto, port: remote.port, ...address }
    const code = whyNot(remote, address, locals)
    if (code) skipped.push({ target: target ?? null, code })
    else if (target) targets.push(target)
  }
  if (different.length > 25) skipped.push({ target: null, code: 'TOO_MANY_ADDRESSES' })
  return { targets: sorted(targets, order), skipped }
}

function whyNot(remote: Remote, address: Address | undefined, locals: readonly Address[] | undefined) {
  if (!address) return 'BAD_ADDRESS'
  if (remote.family && address.family !== remote.family) return 'REMOTE_FAMILY'
  if (undialable(address) !== undefined) return 'BAD_ADDRESS'
  return locals && locals.every(({ family }) => family !== address.family) ? 'LOCAL_FAMILY' : undefined
}

function sorted(targets: readonly Target[], { kind, count }: CandidateOrder): readonly Target[] {
  const first = targets[0]?.family
  const same = targets.filter(({ family }) => family === first)
  const other = targets.filter(({ family }) => family !== first)
  const family = (one: Family) => targets.filter(({ family }) => family === one)
  switch (kind) {
    case 'as-returned':
      return targets
    case 'ipv4-first':
      return [...family('ipv4'), ...family('ipv6')]
    case 'ipv6-first':
      return [...family('ipv6'), ...family('ipv4')]
    case 'first-other': {
      const head = new Set([same[0], other[0]])
      return [...head, ...targets.filter((target) => !head.has(target))].filter((target) => target !== undefined)
    }
    case 'interleave': {
      // The k-th of the first family comes after k - count others, if there are so many.
      const rank = (target: Target) => {
        const [own, theirs] = [same.indexOf(target), other.indexOf(target)]
        return own < 0 ? 2 * theirs + 1 : own < count ? -1 : 2 * (own - count) + 2
      }
      return targets.toSorted((a, b) => rank(a) - rank(b))
    }
  }
}
