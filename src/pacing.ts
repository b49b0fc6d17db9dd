/**
 * When the next attempt starts. A policy is data, and this a pure function of what is going on; `dial` asks it after
 * every event until the answer is `wait`.
 */

export interface Pacing {
  /** `sequential`: one at a time. `newest`: a new one after each delay, and at once when the newest has failed. */
  readonly policy: 'sequential' | 'newest'
  /** ms between two starts of a racing policy (RFC 8305 section 5: 250). */
  readonly attemptDelay: number
  /** Attempts that a racing policy keeps going at most. */
  readonly maxInFlight: number
}

/** What the policy may look at. Times are ms since the root's start. */
export interface View {
  readonly at: number
  /** Candidates that wait to be tried. */
  readonly waiting: number
  readonly inFlight: number
  /** The newest attempt: when it started, and whether it still flies. `null` before the first of the round. */
  readonly newest: { readonly startedAt: number; readonly flying: boolean } | null
  /** A look-up is under way. */
  readonly resolving: boolean
  /** Remotes that are still to be resolved in this round. */
  readonly unresolved: number
  /** A bound client's sockets would fight for one local port: its attempts never overlap (R7). */
  readonly bound: boolean
}

/** `wait.ms` is null where only an event can change the answer. */
export type Step =
  { readonly do: 'start' } | { readonly do: 'resolve' } | { readonly do: 'wait'; readonly ms: number | null }

const WAIT: Step = { do: 'wait', ms: null }

export function nextStep(pacing: Pacing, view: View): Step {
  const racing = pacing.policy !== 'sequential' && !view.bound
  if (!racing && view.inFlight > 0) return WAIT
  if (view.waiting === 0) return view.unresolved > 0 && !view.resolving ? { do: 'resolve' } : WAIT
  if (!racing || view.newest === null || !view.newest.flying) return { do: 'start' }
  if (view.inFlight >= pacing.maxInFlight) return WAIT
  const due = view.newest.startedAt + pacing.attemptDelay
  return due <= view.at ? { do: 'start' } : { do: 'wait', ms: due - view.at }
}
