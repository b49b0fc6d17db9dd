import { createActor } from 'xstate'
import { describe, expect, test } from 'vitest'
import { clientMachine } from '../../machines/client.ts'
import { ClientSchema } from '../../src/config/schema.ts'
import { contain } from '../../src/contain.ts'
import { HeapClock } from '../../src/sim/clock.ts'
import { CLEAN, stage } from './stage.ts'

const TCP = { proto: 'tcp', port: 443 } as const
const A = { ...TCP, host: '192.0.2.1' }
const B = { ...TCP, host: '192.0.2.2' }
const NAME = { ...TCP, host: 'vpn.test' }

type Stage = ReturnType<typeof stage>
const newest = (s: Stage) => s.seen.attempts.at(-1) ?? 0

test('before the start nothing happens', () => {
  const s = stage({ remotes: [A] })
  s.next()
  s.reject(1)
  s.networkChanged()
  s.wait(1e6)
  expect([s.state(), s.lines(), s.seen.attempts]).toEqual(['idle', [], []])
})

test('a second start changes nothing', () => {
  const s = stage({ remotes: [A] })
  s.start()
  s.start()
  expect(s.seen.attempts).toEqual([1])
})

describe('backing off', () => {
  test('O5 the pauses grow from round to round, between rounds only', () => {
    const s = stage({ remotes: [A, B] })
    s.start()
    for (let round = 0; round < 6; round++) {
      s.fail(newest(s))
      s.fail(newest(s))
      expect(s.state()).toBe('backingOff')
      s.clock.stepInstant()
    }
    expect(s.lines().filter((line) => /backoff|round . started/.test(line))).toEqual([
      '0 round 1 started',
      '0 backoff 1086 ms after 1 failed',
      '1086 round 2 started',
      '1086 backoff 1017 ms after 2 failed',
      '2103 round 3 started',
      '2103 backoff 1086 ms after 3 failed',
      '3189 round 4 started',
      '3189 backoff 1055 ms after 4 failed',
      '4244 round 5 started',
      '4244 backoff 2164 ms after 5 failed',
      '6408 round 6 started',
      '6408 backoff 4123 ms after 6 failed',
      '10531 round 7 started',
    ])
  })

  test('O5 only a life of 10 s resets them', () => {
    const s = stage({ remotes: [A] })
    s.start()
    s.fail(1)
    s.wait(1086)
    s.connected(2)
    s.wait(9999)
    s.lose(2)
    expect(s.lines().at(-1)).toBe('11085 backoff 1017 ms after 2 failed')
    s.wait(1017)
    s.connected(3)
    s.wait(10_000)
    s.lose(3)
    expect(s.state()).toBe('active:dialing')
    s.fail(4)
    expect(s.lines().at(-1)).toBe('22102 backoff 1086 ms after 1 failed')
  })

  test('after it a round starts in plan order: who was lost goes first once only', () => {
    const s = stage({ remotes: [A, B] })
    s.start()
    s.fail(1)
    s.connected(2)
    s.wait(10_000)
    s.lose(2)
    expect(s.attempt(3).input.candidate.address).toBe('192.0.2.2')
    s.fail(3)
    s.fail(4)
    s.wait(1086)
    expect(s.attempt(5).input.candidate.address).toBe('192.0.2.1')
  })

  test.each([
    ['the network changes', (s: Stage) => s.networkChanged(), ['500 network changed', '500 round 2 started']],
    ['the operator says next', (s: Stage) => s.next(), ['500 round 2 started']],
  ] as const)('ends when %s', (_, act, lines) => {
    const s = stage({ remotes: [A] })
    s.start()
    s.fail(1)
    s.wait(500)
    s.lines()
    act(s)
    expect(s.lines().slice(0, lines.length)).toEqual(lines)
    s.wait(600)
    // The pause that was cut short does not come again.
    expect(s.seen.attempts).toEqual([1, 2])
  })

  test('a reject that comes too late changes nothing', () => {
    const s = stage({ remotes: [A] })
    s.start()
    s.connected(1)
    s.lose(1)
    s.lines()
    s.reject(1)
    expect([s.state(), s.lines()]).toEqual(['backingOff', []])
  })
})

describe('connect-retry-max', () => {
  test.each([1, 2, 5])('L4 %i rounds, each of every candidate, then one end', (rounds) => {
    const s = stage({ remotes: [A, B], connectRetryMax: rounds })
    s.start()
    for (let round = 1; round <= rounds; round++) {
      s.fail(newest(s))
      s.fail(newest(s))
      s.clock.stepInstant()
    }
    expect(s.seen.attempts).toHaveLength(2 * rounds)
    expect(s.lines().filter((line) => line.includes('client'))).toHaveLength(1)
    expect(s.output()).toMatchObject({
      outcome: 'failed',
      attempt: null,
      failure: {
        code: 'EXHAUSTED',
        stage: 'plan',
        message: `nothing could be connected in ${rounds === 1 ? 'one round' : `${rounds} rounds`}: connection refused: nobody listens there`,
      },
    })
    expect(s.ledger().last).toHaveLength(2)
    expect(s.leaks()).toEqual(CLEAN)
  })

  test('rounds are counted from the last long life', () => {
    const s = stage({ remotes: [A], connectRetryMax: 2 })
    s.start()
    s.fail(1)
    s.wait(1086)
    s.connected(2)
    s.wait(10_000)
    s.lose(2)
    s.fail(3)
    expect(s.state()).toBe('backingOff')
    s.wait(1086)
    s.fail(4)
    expect(s.output()?.failure?.message).toContain('in 2 rounds')
  })

  test('where nothing was even tried, the message says why', () => {
    const s = stage({ remotes: [NAME], connectRetryMax: 1 })
    s.start()
    s.answer(1)
    expect(s.output()?.failure?.message).toBe(
      'nothing could be connected in one round: the name has no address of the wanted family',
    )
  })

  test('what was connected, and lost soon, is not said to have been out of reach', () => {
    const s = stage({ remotes: [A], connectRetryMax: 1 })
    s.start()
    s.connected(1)
    s.wait(100)
    s.lose(1)
    expect(s.output()?.failure?.message).toBe('no connection lasted in one round: the peer reset the connection')
  })
})

test('numbers are never used twice, whatever ends a round', () => {
  const s = stage({ remotes: [A, NAME] })
  s.start()
  // A failed round, then one that ends with a long life, then one that fails again.
  s.fail(1)
  s.answer(1, '192.0.2.9')
  s.fail(2)
  s.wait(1086)
  s.fail(3)
  s.answer(2, '192.0.2.9')
  s.connected(4)
  s.wait(10_000)
  s.lose(4)
  s.failQuery(3)
  s.fail(5)
  s.wait(1086)
  s.fail(6)
  s.answer(4, '192.0.2.9')
  expect(s.seen).toEqual({ queries: [1, 2, 3, 4], attempts: [1, 2, 3, 4, 5, 6, 7] })
})

describe('the network', () => {
  test('its changes are only noted while dialing or connected', () => {
    const s = stage({ remotes: [A] })
    s.start()
    s.networkChanged()
    s.connected(1)
    s.networkChanged()
    expect(s.lines().filter((line) => line.includes('network'))).toEqual(['0 network changed', '0 network changed'])
    expect([s.state(), s.seen.attempts]).toEqual(['active:connected', [1]])
  })
})

describe('stop', () => {
  const scenes: Record<string, (s: Stage) => void> = {
    'before the start': () => {},
    'while a name is looked up': (s) => s.start(),
    'while a look-up waits to be repeated': (s) => {
      s.start()
      s.failQuery(1)
    },
    'while an attempt flies': (s) => {
      s.start()
      s.answer(1, '192.0.2.9')
      s.opened(1)
    },
    'while several fly': (s) => {
      s.start()
      s.answer(1, '192.0.2.9', '192.0.2.8', '192.0.2.7')
      s.wait(250)
    },
    'while connected': (s) => {
      s.start()
      s.answer(1, '192.0.2.9')
      s.connected(1)
    },
    'while backing off': (s) => {
      s.start()
      s.next()
      s.fail(newest(s))
    },
  }

  test.each(Object.entries(scenes))('%s closes everything at once, and nothing follows', (_, play) => {
    const s = stage({ remotes: [NAME, A], resolvRetry: 60_000, pacing: { policy: 'newest' } })
    play(s)
    const { queries, attempts } = s.seen
    const before = [queries.length, attempts.length]
    const says = s.alive().attempts.map((n) => s.attempt(n).say)
    s.lines()
    s.stop()
    expect(s.lines()).toEqual([`${s.clock.now()} client stopped`])
    expect(s.output()).toMatchObject({ outcome: 'stopped', attempt: null, failure: null })
    expect(s.leaks()).toEqual(CLEAN)
    for (const say of says) say({ type: 'attempt.connected', attempt: 1 })
    s.wait(1e6)
    expect([s.lines(), s.seen.queries.length, s.seen.attempts.length]).toEqual([[], ...before])
    const { current, counters } = s.ledger()
    expect(current.filter(({ outcome }) => outcome === 'open')).toEqual([])
    expect(current.filter(({ attempt, endedAt }) => attempt !== null && endedAt === undefined)).toEqual([])
    expect(counters.attempts).toBe(counters.won + counters.failed + counters.cancelled)
  })
})

describe('release', () => {
  test('the first winner is handed over, and the client ends', () => {
    const s = stage({ remotes: [A] }, { release: true })
    s.start()
    const { heard } = s.attempt(1)
    s.connected(1)
    // Before its disposer runs, or the disposer would close the socket.
    expect(heard).toEqual([{ type: 'attempt.accepted', attempt: 1, release: true }])
    expect(s.output()).toMatchObject({ outcome: 'released', attempt: 1, failure: null })
    expect(s.lines().at(-1)).toBe('0 attempt 1 won unconfirmed')
    expect(s.leaks()).toEqual(CLEAN)
  })

  test('losers close with it', () => {
    const s = stage({ remotes: [A, B], pacing: { policy: 'newest' } }, { release: true })
    s.start()
    s.wait(250)
    s.connected(1)
    expect(s.ledger().current.map(({ outcome }) => outcome)).toEqual(['won', 'cancelled'])
    expect(s.leaks()).toEqual(CLEAN)
  })

  test('stopped before, it is a stop', () => {
    const s = stage({ remotes: [A] }, { release: true })
    s.start()
    s.stop()
    expect(s.output()?.outcome).toBe('stopped')
  })
})

test('the context is JSON all the time', () => {
  const s = stage({ remotes: [NAME, A], pacing: { policy: 'newest' } })
  const check = () => expect(JSON.parse(JSON.stringify(s.context()))).toEqual(s.context())
  s.start()
  check()
  s.answer(1, '192.0.2.9', '::', '2001:db8::1')
  check()
  s.connected(1)
  check()
  s.wait(10_000)
  s.lose(1)
  check()
  s.failQuery(2)
  check()
})

test('one logic serves many roots, each with its own time and numbers', () => {
  const one = stage({ remotes: [A] })
  one.wait(500)
  one.start()
  const other = stage({ remotes: [A] })
  other.start()
  one.wait(5)
  one.fail(1)
  other.fail(1)
  expect(one.lines().slice(2, 3)).toEqual(['505 attempt 1 failed ECONNREFUSED at connect'])
  expect(other.lines().slice(2, 3)).toEqual(['0 attempt 1 failed ECONNREFUSED at connect'])
})

test.each([
  ['dialer', '192.0.2.1'],
  ['resolver', 'vpn.test'],
])('a machine without a %s says what to provide, and leaves nothing behind', (name, host) => {
  const clock = new HeapClock()
  const config = ClientSchema.parse({ remotes: [{ host }] })
  const actor = createActor(contain(clientMachine), { clock, input: { config, seed: 1, release: false } })
  const errors: unknown[] = []
  actor.subscribe({ error: (error) => errors.push(error) })
  actor.start()
  actor.send({ type: 'start' })
  expect(errors.map(String)).toEqual([`Error: provide the ${name} actor`])
  expect(clock.timers).toBe(0)
})
