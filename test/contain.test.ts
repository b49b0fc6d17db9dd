import { type EventObject, assign, createActor, emit, fromCallback, raise, sendTo, setup, spawnChild } from 'xstate'
import { describe, expect, test } from 'vitest'
import { contain, ioActor } from '../src/contain.ts'
import { HeapClock } from '../src/sim/clock.ts'

type Event = { readonly at: number } & { readonly type: 'start' | 'break' | 'doubt' | 'note' | 'finish' }

/** A machine that holds children and a timer, and can break half-way through a step. */
function fixture() {
  const alive: string[] = []
  const child = fromCallback<EventObject, string>(({ input }) => {
    alive.push(input)
    return () => alive.splice(alive.indexOf(input), 1)
  })
  const machine = setup({
    types: { context: {} as { readonly times: readonly number[] }, events: {} as Event },
    actors: { child },
    actions: {
      note: assign(({ context, event }) => ({ times: [...context.times, event.at] })),
      explode: () => {
        throw new Error('a bug')
      },
      spawnFirst: spawnChild('child', { id: 'first', input: 'first' }),
      spawnSecond: spawnChild('child', { id: 'second', input: 'second' }),
      noteLater: raise({ type: 'note', at: Number.NaN }, { delay: 250.5, id: 'later' }),
    },
    guards: {
      isTrue: () => {
        throw new Error('a bug')
      },
    },
  }).createMachine({
    context: { times: [] },
    initial: 'idle',
    states: {
      idle: { on: { start: { target: 'running', actions: ['note', 'spawnFirst', 'noteLater'] } } },
      running: {
        invoke: { src: 'child', id: 'invoked', input: 'invoked' },
        on: {
          note: { actions: 'note' },
          break: { actions: ['spawnSecond', 'explode'] },
          doubt: { guard: 'isTrue', actions: 'note' },
          finish: 'finished',
        },
      },
      finished: { type: 'final' },
    },
  })
  const clock = new HeapClock()
  const actor = createActor(contain(machine), { clock })
  const errors: unknown[] = []
  actor.subscribe({ error: (error) => errors.push(error) })
  return { actor, alive, clock, errors }
}

describe('at', () => {
  test('wants a clock that tells the time: XState’s own does not, and the error says what does', () => {
    const actor = createActor(contain(setup({}).createMachine({})))
    const errors: unknown[] = []
    actor.subscribe({ error: (error) => errors.push(error) })
    actor.start()
    expect(errors.map(String)).toEqual([expect.stringContaining("the root's clock needs `now`")])
    expect(actor.getSnapshot().status).toBe('error')
  })

  test('is whole ms since the root’s start, on raised events too', () => {
    const { actor, clock } = fixture()
    clock.runUntil(1000.7)
    actor.start()
    clock.runUntil(1003.6)
    actor.send({ type: 'start' })
    clock.runUntil(2000)
    expect(actor.getSnapshot().context.times).toEqual([2, 253])
  })

  test('belongs to each root', () => {
    const [one, other] = [fixture(), fixture()]
    for (const { actor, clock } of [one, other]) {
      clock.runUntil(clock === other.clock ? 500 : 7)
      actor.start()
      actor.send({ type: 'start' })
    }
    expect(one.actor.getSnapshot().context.times).toEqual([0])
    expect(other.actor.getSnapshot().context.times).toEqual([0])
  })

  test('a child counts from the root’s start, and a sender cannot forge it', () => {
    const inner = contain(
      setup({
        types: { context: {} as { readonly times: readonly number[] }, events: {} as Event },
        actions: { note: assign(({ context, event }) => ({ times: [...context.times, event.at] })) },
      }).createMachine({ context: { times: [] }, on: { note: { actions: 'note' } } }),
    )
    const outer = contain(
      setup({
        types: { events: {} as Event },
        actors: { inner },
        actions: { passOn: sendTo('inner', { type: 'note', at: 77 }) },
      }).createMachine({
        initial: 'idle',
        states: {
          idle: { on: { start: 'busy' } },
          busy: { invoke: { id: 'inner', src: 'inner' }, on: { note: { actions: 'passOn' } } },
        },
      }),
    )
    const clock = new HeapClock()
    const actor = createActor(outer, { clock })
    actor.start()
    clock.runUntil(100)
    actor.send({ type: 'start' })
    clock.runUntil(150)
    actor.send({ type: 'note' })
    expect(actor.getSnapshot().children.inner?.getSnapshot().context.times).toEqual([150])
  })
})

test('what a child emits, its root emits', () => {
  type Emitted = { readonly type: 'emitted'; readonly by: string }
  const types = { events: {} as Event, emitted: {} as Emitted }
  const inner = setup({ types, actions: { tell: emit({ type: 'emitted', by: 'inner' }) } }).createMachine({
    on: { note: { actions: 'tell' } },
  })
  const outer = setup({
    types,
    actors: { inner: contain(inner) },
    actions: {
      tell: emit({ type: 'emitted', by: 'outer' }),
      passOn: sendTo('inner', { type: 'note', at: Number.NaN }),
    },
  }).createMachine({ invoke: { id: 'inner', src: 'inner' }, on: { note: { actions: ['tell', 'passOn'] } } })
  const actor = createActor(contain(outer), { clock: new HeapClock() })
  const heard: string[] = []
  actor.on('emitted', ({ by }) => heard.push(by))
  actor.start()
  actor.send({ type: 'note' })
  expect(heard).toEqual(['outer', 'inner'])
})

describe('a throwing step', () => {
  test.each(['break', 'doubt'] as const)('(%s) stops the children, does nothing of its own, and is told', (type) => {
    const { actor, alive, clock, errors } = fixture()
    actor.start()
    actor.send({ type: 'start' })
    expect(alive.toSorted()).toEqual(['first', 'invoked'])
    actor.send({ type })
    expect(actor.getSnapshot().status).toBe('error')
    expect(alive).toEqual([])
    expect(clock.timers).toBe(0)
    expect(errors).toHaveLength(1)
    expect(String(errors[0])).toContain('a bug')
    actor.stop()
    expect(alive).toEqual([])
  })

  test('a step that does not throw is left as it is', () => {
    const { actor, alive, errors } = fixture()
    actor.start()
    actor.send({ type: 'start' })
    actor.send({ type: 'finish' })
    expect([actor.getSnapshot().status, alive, errors]).toEqual(['done', [], []])
  })
})

describe('an actor of the world', () => {
  type Says = { readonly type: 'said'; readonly word: string }
  type Hears = { readonly type: 'heard' }

  function world(dispose: () => void) {
    let say: ((event: Says) => void) | undefined
    const clock = new HeapClock()
    const seen = { heard: 0, clock: undefined as unknown, system: undefined as unknown }
    const io = ioActor<string, Says, Hears>((actor) => {
      ;({ say } = actor)
      Object.assign(seen, { clock: actor.clock, system: actor.system })
      actor.hear(() => seen.heard++)
      actor.say({ type: 'said', word: actor.input })
      return dispose
    })
    const machine = setup({
      types: {
        context: {} as { readonly words: readonly string[] },
        events: {} as Says | { readonly type: 'poke' } | { readonly type: 'leave' },
      },
      actors: { io },
      actions: {
        take: assign(({ context, event }) => ({ words: event.type === 'said' ? [...context.words, event.word] : [] })),
        poke: sendTo('io', { type: 'heard' }),
      },
    }).createMachine({
      context: { words: [] },
      initial: 'with',
      on: { said: { actions: 'take' } },
      states: {
        with: { invoke: { src: 'io', id: 'io', input: 'hello' }, on: { poke: { actions: 'poke' }, leave: 'without' } },
        without: {},
      },
    })
    const actor = createActor(machine, { clock })
    actor.subscribe({ error: () => {} })
    actor.start()
    return { actor, clock, seen, say: (word: string) => say?.({ type: 'said', word }) }
  }

  test('says, hears, and knows the clock and the root of its handles', () => {
    const { actor, clock, seen, say } = world(() => {})
    say('again')
    actor.send({ type: 'poke' })
    expect(actor.getSnapshot().context.words).toEqual(['hello', 'again'])
    expect(seen).toEqual({ heard: 1, clock, system: actor.system })
  })

  test('is silent once it was stopped', () => {
    const { actor, say } = world(() => {})
    actor.send({ type: 'leave' })
    say('late')
    expect(actor.getSnapshot().context.words).toEqual(['hello'])
  })

  test('is silent while it is being stopped, too', () => {
    const w = world(() => w.say('from the disposer'))
    w.actor.send({ type: 'leave' })
    expect(w.actor.getSnapshot().context.words).toEqual(['hello'])
  })

  test('a disposer that throws harms nobody', () => {
    const { actor } = world(() => {
      throw new Error('close failed')
    })
    actor.send({ type: 'leave' })
    expect(actor.getSnapshot().status).toBe('active')
    expect(actor.getSnapshot().value).toBe('without')
  })
})
