/**
 * A server on a stage: the real machines over stub actors, in virtual time. The test plays the world: it answers
 * queries, binds and kills listeners by number, and reads what came of it as trace lines.
 */
import { type InspectionEvent, createActor } from 'xstate'
import { type ServerInput, serverLogic } from '../../machines/server.ts'
import type { BinderHears, BinderInput, BinderSays, ResolverInput, ResolverSays } from '../../src/actors.ts'
import { type ServerConfigInput, ServerSchema } from '../../src/config/server-schema.ts'
import { ioActor } from '../../src/contain.ts'
import { formatEndpoint, parseAddress } from '../../src/endpoint.ts'
import { failure, sentenceOf } from '../../src/failure.ts'
import { EMPTY_ROSTER, type ServerNote, enrol } from '../../src/roster.ts'
import { HeapClock } from '../../src/sim/clock.ts'
import { traceLine } from '../../src/trace.ts'

interface Binder {
  readonly input: BinderInput
  readonly say: (event: BinderSays) => void
  /** What it was told, and has not been asked for yet. */
  readonly heard: BinderHears[]
}

interface Setting extends Partial<ServerInput> {
  readonly inspect?: (event: InspectionEvent) => void
}

export function serverStage(config: ServerConfigInput, { seed = 1, addresses = [], inspect }: Setting = {}) {
  const clock = new HeapClock()
  const queries = new Map<number, { readonly input: ResolverInput; readonly say: (event: ResolverSays) => void }>()
  const binders = new Set<Binder>()
  const actors = {
    resolver: ioActor<ResolverInput, ResolverSays>(({ input, say }) => {
      queries.set(input.query, { input, say })
      return () => queries.delete(input.query)
    }),
    binder: ioActor<BinderInput, BinderSays, BinderHears>(({ input, say, hear }) => {
      const heard: BinderHears[] = []
      const binder = { input, say, heard }
      binders.add(binder)
      hear((event) => heard.push(event))
      return () => binders.delete(binder)
    }),
  }
  const actor = createActor(serverLogic(actors), {
    clock,
    input: { config: ServerSchema.parse(config), seed, addresses },
    ...(inspect && { inspect }),
  })
  const errors: unknown[] = []
  const notes: ServerNote[] = []
  let roster = EMPTY_ROSTER
  actor.subscribe({ error: (error) => errors.push(error) })
  actor.on('*', (note) => {
    notes.push(note)
    roster = enrol(roster, note)
  })
  actor.start()

  const query = (n: number) => queries.get(n) ?? missing(`query ${n}`)
  const binder = () => [...binders][0] ?? missing('binder')
  return {
    actor,
    binder,
    query,
    start: () => actor.send({ type: 'start' }),
    stop: () => actor.send({ type: 'stop' }),
    drain: (grace = 30_000) => actor.send({ type: 'drain', grace }),
    networkChanged: (...addresses: string[]) => actor.send({ type: 'network.changed', addresses }),
    wait: (ms: number) => clock.runUntil(clock.now() + ms),

    answer: (n: number, ...addresses: string[]) => query(n).say({ type: 'resolver.answered', query: n, addresses }),
    failQuery: (n: number, code = 'ENOTFOUND') =>
      query(n).say({ type: 'resolver.failed', query: n, failure: failure(code, 'resolve') }),
    bound: (n: number, address: string, port: number) => {
      const parsed = parseAddress(address) ?? missing(address)
      binder().say({ type: 'listeners.settled', results: [{ listener: n, local: { ...parsed, port } }] })
    },
    fail: (n: number, code = 'EADDRINUSE') =>
      binder().say({
        type: 'listeners.settled',
        results: [{ listener: n, failure: failure(code, 'bind', sentenceOf(code)) }],
      }),
    lose: (n: number, code = 'ENETDOWN') =>
      binder().say({ type: 'listener.lost', listener: n, failure: failure(code, 'bind') }),
    drained: () => binder().say({ type: 'binder.drained' }),

    state: () => JSON.stringify(actor.getSnapshot().value).replaceAll(/[{}"]/g, ''),
    output: () => actor.getSnapshot().output,
    roster: () => roster,
    /** The lines since they were last read, without the blanks before the time. */
    lines: () => notes.splice(0).map((note) => traceLine(note).trimStart()),
    /** What the binder was told since it was last asked, in words. */
    told: () => binder().heard.splice(0).flatMap(wordsOf),
    /** What must be 0 at the end. */
    leaks: () => ({ queries: queries.size, binders: binders.size, timers: clock.timers, errors: errors.length }),
  }
}

export const NOTHING_LEFT = { queries: 0, binders: 0, timers: 0, errors: 0 }

function wordsOf(event: BinderHears): string | readonly string[] {
  switch (event.type) {
    case 'listeners.bind':
      return event.binds.map(({ listener, endpoint }) => `bind ${listener} ${formatEndpoint(endpoint)}`)
    case 'listener.close':
      return `close ${event.listener}`
    case 'binder.drain':
    case 'binder.evict':
      return event.type.slice(7)
  }
}

function missing(what: string): never {
  throw new Error(`there is no ${what}`)
}
