/**
 * The plan: configuration plus answers gives every candidate in the order in which it would be tried, and every skip
 * with its reason. Opens nothing; the same functions feed the machines.
 */
import type { DialerInput } from './actors.ts'
import type { Candidate, Skip } from './candidate.ts'
import type { ClientConfig } from './config/schema.ts'
import type { Failure } from './failure.ts'
import type { RemoteRef } from './ledger.ts'
import {
  type Answer,
  type Lookup,
  answered,
  bindingOf,
  expand,
  newRound,
  nextLookup,
  refOf,
  unfitFailure,
} from './round.ts'

export interface PlannedCandidate extends Candidate {
  /** What its socket would be bound to first. */
  readonly local?: DialerInput['local']
}

export interface PlannedRemote {
  readonly remote: RemoteRef
  readonly candidates: readonly PlannedCandidate[]
  readonly skipped: readonly Skip[]
  /** Its look-up failed. */
  readonly failure?: Failure
}

export interface Plan {
  readonly remotes: readonly PlannedRemote[]
  /** R6: nothing fits the local address. */
  readonly failure?: Failure
}

/** One round on paper. `ask` looks a name up, once for each lookup of the round, in order. */
export async function makePlan(
  config: ClientConfig,
  seed: number,
  ask: (lookup: Lookup) => Promise<Answer>,
): Promise<Plan> {
  let round = newRound(config, seed, null)
  const remotes: PlannedRemote[] = []
  for (const { remote: index } of round.agenda) {
    let failed: Failure | undefined
    for (let lookup = nextLookup(round, config); lookup; lookup = nextLookup(round, config)) {
      const answer = await ask(lookup)
      failed ??= answer.failure
      round = answered(round, lookup, answer)
    }
    const expanded = expand({ ...round, waiting: [] }, config)
    const { waiting } = expanded.round
    round = expanded.round
    const { round: known } = expanded
    const candidates = waiting.map((candidate) => ({ ...candidate, local: bindingOf(known, config, candidate) }))
    const planned = { remote: refOf(config, index), candidates, skipped: expanded.skipped }
    remotes.push(failed ? { ...planned, failure: failed } : planned)
  }
  const unfit = unfitFailure(round)
  return unfit ? { remotes, failure: unfit } : { remotes }
}
