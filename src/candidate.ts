/**
 * From one remote and one answer to its candidates, in order, and to what is skipped and why (R1, R3, R6). Pure: the
 * machines and `plan` call the same function, so what is shown is what will be tried.
 */
import { readAnswer } from './answer.ts'
import { type CandidateOrder, type Remote, doorOf } from './config/schema.ts'
import { type Address, type Family, type Transport, undialable } from './endpoint.ts'
import { type Failure, failure } from './failure.ts'

/** Something between us and the remote, made by a plugin; the last of a way is the remote itself, of kind `target`. */
export interface Hop {
  readonly kind: string
  readonly host: string
  readonly port: number
}

/** One address of a remote. Behind hops it is one address of the first hop. */
export interface Candidate {
  /** Index of the remote in the configuration. */
  readonly remote: number
  readonly transport: Transport
  readonly family: Family
  readonly address: string
  readonly port: number
  readonly hops: readonly Hop[]
}

export interface Skip {
  readonly candidate: Candidate | null
  readonly failure: Failure
}

export interface Candidates {
  readonly candidates: readonly Candidate[]
  readonly skipped: readonly Skip[]
}

/** The families that may be asked for and dialled. */
export function familiesOf(remote: Remote): readonly Family[] {
  return remote.family ? [remote.family] : ['ipv4', 'ipv6']
}

/**
 * `locals`: what `local` resolved to; undefined where the client does not bind, or binds the wildcard of whatever
 * family it tries.
 */
export function candidatesOf(
  remote: Remote,
  index: number,
  answer: readonly string[],
  order: CandidateOrder,
  locals?: readonly Address[],
): Candidates {
  const candidates: Candidate[] = []
  const skipped: Skip[] = []
  const { host, port } = doorOf(remote)
  const hops = wayTo(remote)
  for (const found of readAnswer(answer, host)) {
    if ('code' in found) {
      skipped.push({ candidate: null, failure: found })
      continue
    }
    const candidate = { remote: index, transport: remote.proto, ...found, port, hops }
    const problem = judge(remote, found, locals)
    if (problem) skipped.push({ candidate, failure: problem })
    else candidates.push(candidate)
  }
  return { candidates: arrange(candidates, order), skipped }
}

const NO_WAY: readonly Hop[] = []

/** As far as it may be seen: its settings are for the dialer alone. */
export function wayTo({ hops, host, port }: Remote): readonly Hop[] {
  if (hops.length === 0) return NO_WAY
  return [...hops.map((hop) => ({ kind: hop.kind, host: hop.host, port: hop.port })), { kind: 'target', host, port }]
}

function judge(remote: Remote, address: Address, locals: readonly Address[] | undefined): Failure | undefined {
  const { family } = address
  if (remote.family && remote.family !== family)
    return failure('REMOTE_FAMILY', 'plan', `${remote.family} is forced for this remote`)
  const why = undialable(address)
  if (why !== undefined) return failure('BAD_ADDRESS', 'plan', `${why} cannot be dialled`)
  if (locals && !locals.some((local) => local.family === family)) {
    const bound = locals.map((local) => local.address).join(', ')
    return failure('LOCAL_FAMILY', 'plan', `the local address ${bound} is not ${family}`)
  }
  return undefined
}

function arrange(candidates: readonly Candidate[], order: CandidateOrder): readonly Candidate[] {
  const of = (family: Family) => candidates.filter((candidate) => candidate.family === family)
  const first = candidates[0]?.family ?? 'ipv6'
  const other = first === 'ipv4' ? 'ipv6' : 'ipv4'
  switch (order.kind) {
    case 'as-returned':
      return candidates
    case 'ipv4-first':
      return [...of('ipv4'), ...of('ipv6')]
    case 'ipv6-first':
      return [...of('ipv6'), ...of('ipv4')]
    case 'first-other': {
      // The first one, then the first of the other family, then the rest as returned: one cheap look at each family.
      const head = [...of(first).slice(0, 1), ...of(other).slice(0, 1)]
      return [...head, ...candidates.filter((candidate) => !head.includes(candidate))]
    }
    case 'interleave':
      return interleave(of(first), of(other), order.count)
  }
}

// RFC 8305 section 4: `count` of the first family, one of the other, then one of each in turn.
function interleave(a: Candidate[], b: Candidate[], count: number): Candidate[] {
  const out = a.slice(0, count)
  const rest = a.slice(count)
  for (let i = 0; i < Math.max(rest.length, b.length); i++) {
    const [fromB, fromA] = [b[i], rest[i]]
    if (fromB) out.push(fromB)
    if (fromA) out.push(fromA)
  }
  return out
}
