/**
 * A client on a stage: the real machines over stub actors, in virtual time. The test plays the world: it answers
 * queries and moves attempts by number, says anything at any time, and reads what came of it as trace lines.
 */
import { type InspectionEvent, createActor } from 'xstate'
import { type ClientInput, clientLogic, ledgerOf } from '../../machines/client.ts'
import type { DialerHears, DialerInput, DialerSays, ResolverInput, ResolverSays } from '../../src/actors.ts'
import { type ClientConfigInput, ClientSchema } from '../../src/config/schema.ts'
import { ioActor } from '../../src/contain.ts'
import { failure } from '../../src/failure.ts'
import type { Note } from '../../src/ledger.ts'
import { HeapClock } from '../../src/sim/clock.ts'
import { traceLine } from '../../src/trace.ts'

interface Stub<Input, Says> {
  readonly input: Input
  readonly say: (event: Says) => void
  readonly heard: DialerHears[]
}

interface Direction extends Partial<Omit<ClientInput, 'config'>> {
  readonly inspect?: (event: InspectionEvent) => void
}

export function stage(config: ClientConfigInput, { seed = 1, release = false, inspect }: Direction = {}) {
  const clock = new HeapClock()
  const queries = new Map<number, Stub<ResolverInput, ResolverSays>>()
  const attempts = new Map<number, Stub<DialerInput, DialerSays>>()
  const seen = { queries: [] as number[], attempts: [] as number[] }
  const actors = {
    resolver: ioActor<ResolverInput, ResolverSays>(({ input, say }) => {
      queries.set(input.query, { input, say, heard: [] })
      seen.queries.push(input.query)
      return () => queries.delete(input.query)
    }),
    dialer: ioActor<DialerInput, DialerSays, DialerHears>(({ input, say, hear }) => {
      const stub: Stub<DialerInput, DialerSays> = { input, say, heard: [] }
      attempts.set(input.attempt, stub)
      seen.attempts.push(input.attempt)
      hear((event) => stub.heard.push(event))
      return () => attempts.delete(input.attempt)
    }),
  }
  const actor = createActor(clientLogic(actors), {
    clock,
    input: { config: ClientSchema.parse(config), seed, release },
    ...(inspect && { inspect }),
  })
  const errors: unknown[] = []
  const notes: Note[] = []
  actor.subscribe({ error: (error) => errors.push(error) })
  actor.on('*', (note) => notes.push(note))
  actor.start()

  const query = (n: number) => queries.get(n) ?? missing(`query ${n}`)
  const attempt = (n: number) => attempts.get(n) ?? missing(`attempt ${n}`)
  const self = {
    actor,
    clock,
    errors,
    /** Numbers of what was ever started. */
    seen,
    query,
    attempt,
    /** Numbers of what is alive. */
    alive: () => ({ queries: [...queries.keys()], attempts: [...attempts.keys()] }),
    start: () => actor.send({ type: 'start' }),
    stop: () => actor.send({ type: 'stop' }),
    next: () => actor.send({ type: 'next' }),
    networkChanged: () => actor.send({ type: 'network.changed' }),
    /** A peer came from there, over TCP. */
    met: (address: string) =>
      actor.send({ type: 'peer.met', transport: 'tcp', remote: { family: 'ipv4', address, port: 1194 } }),
    reject: (attempt: number) => actor.send({ type: 'reject', attempt, reason: 'not authorised' }),
    wait: (ms: number) => clock.runUntil(clock.now() + ms),

    answer: (n: number, ...addresses: string[]) => query(n).say({ type: 'resolver.answered', query: n, addresses }),
    failQuery: (n: number, code = 'ENOTFOUND') =>
      query(n).say({ type: 'resolver.failed', query: n, failure: failure(code, 'resolve') }),
    opened: (n: number) => attempt(n).say({ type: 'attempt.opened', attempt: n }),
    connected: (n: number) => attempt(n).say({ type: 'attempt.connected', attempt: n }),
    negotiated: (n: number, hop = 1) => attempt(n).say({ type: 'attempt.negotiated', attempt: n, hop }),
    confirmed: (n: number) => attempt(n).say({ type: 'attempt.confirmed', attempt: n, sent: 1, received: 1 }),
    fail: (n: number, code = 'ECONNREFUSED') =>
      attempt(n).say({ type: 'attempt.failed', attempt: n, failure: failure(code, 'connect') }),
    lose: (n: number, code = 'ECONNRESET') =>
      attempt(n).say({ type: 'attempt.lost', attempt: n, failure: failure(code, 'connected') }),

    state: () => JSON.stringify(actor.getSnapshot().value).replaceAll(/[{}"]/g, ''),
    context: () => actor.getSnapshot().context,
    ledger: () => ledgerOf(actor.getSnapshot()),
    output: () => actor.getSnapshot().output,
    /** The lines since they were last read, without the blanks before the time. */
    lines: () => notes.splice(0).map((note) => traceLine(note).trimStart()),
    /** What must be 0 at the end. */
    leaks: () => ({
      queries: queries.size,
      attempts: attempts.size,
      timers: clock.timers,
      errors: errors.length,
    }),
  }
  return self
}

export const CLEAN = { queries: 0, attempts: 0, timers: 0, errors: 0 }

function missing(what: string): never {
  throw new Error(`${what} is not alive`)
}
