/**
 * How a `<listen>` block comes by the addresses that it binds (R2): its name is looked up, the answer read, and what is
 * skipped is said. A block with a literal, or without a host, never reaches the resolver. Steps, as those of `block.ts`.
 */
import { pauseAfter } from './backoff.ts'
import { bindListOf, familiesOf, multihomeWarning, nameOf } from './bind-list.ts'
import { BACKOFF, NO_ADDRESS, type Step, bindAll, conclude, unresolvedFailure } from './block.ts'
import type { Failure } from './failure.ts'
import { hash } from './seed.ts'

export function begin(step: Step): void {
  const name = nameOf(step.now.listen)
  if (name === undefined) take(step, [])
  else ask(step, name)
}

function ask({ at, now, notes, effects }: Step, host: string): void {
  const { block, blocks, listen, numbered, resolveTimeout: timeout } = now
  const query = numbered.queries * blocks + block + 1
  const families = familiesOf(listen)
  now.query = query
  now.numbered = { listeners: numbered.listeners, queries: numbered.queries + 1 }
  notes.push({ type: 'query.started', at, query, block, host, families })
  effects.push({ do: 'ask', input: { query, host, transport: listen.proto, families }, timeout })
}

export function takeAnswer(step: Step, addresses: readonly string[]): void {
  const query = endQuery(step)
  step.notes.push({ type: 'query.answered', at: step.at, query, addresses })
  take(step, addresses)
}

export function takeLookupFailure(step: Step, why: Failure): void {
  const { at, now, notes } = step
  const query = endQuery(step)
  notes.push({ type: 'query.failed', at, query, block: now.block, failure: why })
  postpone(step, why)
}

function endQuery({ now, effects }: Step): number {
  const query = now.query as number
  now.query = null
  effects.push({ do: 'endQuery', query })
  return query
}

/** Binds what was found. */
function take(step: Step, answer: readonly string[]): void {
  const { at, now, notes } = step
  const { block, listen, host } = now
  const { places, skipped } = bindListOf(listen, answer, host)
  for (const skip of skipped) notes.push({ type: 'address.skipped', at, block, ...skip })
  if (places.length === 0) return postpone(step, skipped[0]?.failure ?? NO_ADDRESS)
  const message = multihomeWarning(listen, host)
  if (message !== undefined) notes.push({ type: 'server.warned', at, block, message })
  bindAll(step, places)
}

/** It is asked again after a pause, where not all has to be bound. */
function postpone(step: Step, why: Failure): void {
  const { at, now, notes, effects } = step
  const { block, policy, seed } = now
  const unresolved = unresolvedFailure(now, why)
  if (policy === 'all') {
    now.failure = unresolved
    return
  }
  const ms = pauseAfter(BACKOFF, ++now.failedLookups, hash(seed, 'block', block))
  notes.push({ type: 'block.waiting', at, block, ms })
  effects.push({ do: 'askLater', block, ms })
  conclude(step, unresolved)
}
