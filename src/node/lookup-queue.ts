/**
 * Look-ups, a few at a time. `getaddrinfo` cannot be cancelled and blocks a thread of the pool; two stuck ones are all
 * that Node lets run at once, so more are never handed to it, and equal ones are asked once.
 */
import type { Family } from '../endpoint.ts'

/** Answers once: the system's error, or addresses in the order returned. */
export type Lookup = (
  host: string,
  families: readonly Family[],
  answer: (error: NodeJS.ErrnoException | null, addresses: readonly string[]) => void,
) => void

type Asker = Parameters<Lookup>[2]

export interface LookupQueue {
  /** Asks, sooner or later. Returns what withdraws the question: a running look-up then keeps its slot till it ends. */
  readonly ask: (host: string, families: readonly Family[], answer: Asker) => () => void
  /** Look-ups that still run although nobody waits for them any more. */
  readonly abandoned: () => number
}

interface Job {
  readonly host: string
  readonly families: readonly Family[]
  readonly askers: Set<Asker>
}

/** Look-ups that run at once; libuv gives slow work half of its pool of 4. */
const MAX_RUNNING = 2

// An embedder's look-up may break its word; ours must not break with it.
const addressesIn = (addresses: unknown): readonly string[] =>
  Array.isArray(addresses) ? addresses.filter((address) => typeof address === 'string') : []

export function lookupQueue(lookup: Lookup): LookupQueue {
  // In order of asking: the first MAX_RUNNING of them run, the others wait.
  const waiting = new Map<string, Job>()
  const running = new Map<string, Job>()

  const runNext = () => {
    for (const [key, job] of waiting) {
      if (running.size >= MAX_RUNNING) return
      waiting.delete(key)
      running.set(key, job)
      start(key, job)
    }
  }

  const start = (key: string, job: Job) => {
    let ended = false
    const end: Asker = (error, addresses) => {
      if (ended) return
      ended = true
      // A scripted look-up may answer from inside the call, and nobody is ever answered from inside `ask`.
      setImmediate(() => {
        running.delete(key)
        runNext()
        for (const answer of job.askers) answer(error, addressesIn(addresses))
      })
    }
    try {
      lookup(job.host, job.families, end)
    } catch (error) {
      end(error as NodeJS.ErrnoException, [])
    }
  }

  return {
    ask: (host, families, answer) => {
      const key = `${host} ${families.join(' ')}`
      const job = running.get(key) ?? waiting.get(key) ?? { host, families, askers: new Set() }
      job.askers.add(answer)
      if (!running.has(key)) waiting.set(key, job)
      runNext()
      return () => {
        job.askers.delete(answer)
        if (job.askers.size === 0 && waiting.get(key) === job) waiting.delete(key)
      }
    },
    abandoned: () => [...running.values()].filter((job) => job.askers.size === 0).length,
  }
}
