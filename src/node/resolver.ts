/**
 * The resolver actor on the system's resolver. It validates every host before any call, and has no time-out: that is
 * the machine's.
 */
import dns from 'node:dns'
import type { ResolverInput, ResolverSays } from '../actors.ts'
import { ioActor } from '../contain.ts'
import { hostProblem } from '../endpoint.ts'
import { failure } from '../failure.ts'
import type { Answer } from '../round.ts'
import { type Lookup, type LookupQueue, lookupQueue } from './lookup-queue.ts'

/** `getaddrinfo`, unsorted and unfiltered: the order is the system's (RFC 6724), and R3 keeps it. */
const systemLookup: Lookup = (host, families, answer) => {
  const family = families.length === 1 ? (families[0] === 'ipv4' ? 4 : 6) : 0
  dns.lookup(host, { all: true, order: 'verbatim', family }, (error, found) =>
    answer(error, error ? [] : found.map(({ address }) => address)),
  )
}

/** One for the process, as there is one thread pool. */
const systemLookups = lookupQueue(systemLookup)

/** A gauge: system look-ups that run on although whoever asked has given up. They hold the process open. */
export const abandonedLookups = (): number => systemLookups.abandoned()

export function nodeResolver(lookups: LookupQueue = systemLookups) {
  return ioActor<ResolverInput, ResolverSays>(({ input, say }) => {
    const { query } = input
    return askFor(
      input,
      ({ addresses, failure }) => {
        if (failure) say({ type: 'resolver.failed', query, failure })
        else say({ type: 'resolver.answered', query, addresses })
      },
      lookups,
    )
  })
}

/** One question, answered once and not from inside the call; returns what withdraws it. */
export function askFor(
  { host, families }: Pick<ResolverInput, 'host' | 'families'>,
  answer: (answer: Answer) => void,
  lookups: LookupQueue = systemLookups,
): () => void {
  const problem = hostProblem(host)
  if (problem !== undefined) {
    const refusal = setImmediate(() => answer({ failure: failure('BAD_HOST', 'resolve', problem) }))
    return () => clearImmediate(refusal)
  }
  return lookups.ask(host, families, (error, addresses) => {
    if (error) answer({ failure: failure(error.code ?? 'INTERNAL', 'resolve') })
    else if (addresses.length === 0) answer({ failure: failure('NO_ADDRESS', 'resolve') })
    else answer({ addresses })
  })
}
