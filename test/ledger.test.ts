import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Candidate } from '../src/candidate.ts'
import type { Endpoint } from '../src/endpoint.ts'
import { failure } from '../src/failure.ts'
import {
  EMPTY_LEDGER,
  type Ledger,
  MAX_ENTRIES,
  type Note,
  entriesOf,
  headlineOf,
  entryAt,
  record,
} from '../src/ledger.ts'

const REMOTE = { index: 0, host: 'vpn.test', port: 443 }
const HOP = { kind: 'proxy', host: 'proxy.test', port: 3128 }
const CANDIDATE: Candidate = {
  remote: 0,
  transport: 'tcp',
  family: 'ipv4',
  address: '192.0.2.1',
  port: 443,
  hops: [HOP],
}
const TARGET = { transport: 'tcp', family: 'ipv4', address: '192.0.2.1', port: 443 }
const LOCAL: Endpoint = { family: 'ipv4', address: '198.51.100.254', port: 49152 }
const REFUSED = failure('ECONNREFUSED', 'connect')

const started = (attempt: number, at = 0): Note => ({
  at,
  type: 'attempt.started',
  attempt,
  remote: REMOTE,
  candidate: CANDIDATE,
})
const failed = (attempt: number, at = 0): Note => ({ at, type: 'attempt.failed', attempt, failure: REFUSED })
const fold = (...notes: Note[]): Ledger => notes.reduce(record, EMPTY_LEDGER)
const OPEN = { attempt: 1, remote: REMOTE, candidate: TARGET, hops: [HOP], startedAt: 10, stages: {}, outcome: 'open' }

describe('an entry', () => {
  test('starts open', () => {
    const ledger = fold(started(1, 10))
    expect(ledger.current).toStrictEqual([OPEN])
    expect(ledger.counters).toEqual({ ...EMPTY_LEDGER.counters, attempts: 1 })
  })

  test('takes down its stages, its local end and its victory', () => {
    const ledger = fold(
      started(1, 10),
      { at: 11, type: 'attempt.opened', attempt: 1 },
      { at: 12, type: 'attempt.connected', attempt: 1, local: LOCAL },
      { at: 13, type: 'attempt.negotiated', attempt: 1, hop: 1 },
      { at: 14, type: 'attempt.confirmed', attempt: 1, sent: 2, received: 1 },
      { at: 14, type: 'attempt.won', attempt: 1, confirmed: true },
    )
    const stages = { opened: 11, connected: 12, negotiated: 13, hop: 1, confirmed: 14 }
    expect(ledger.current).toStrictEqual([{ ...OPEN, local: LOCAL, stages, outcome: 'won' }])
    expect(ledger.counters).toEqual({ ...EMPTY_LEDGER.counters, attempts: 1, won: 1 })
  })

  test('the local end that was bound stays known', () => {
    const ledger = fold(
      started(1),
      { at: 1, type: 'attempt.opened', attempt: 1, local: LOCAL },
      { at: 2, type: 'attempt.connected', attempt: 1 },
    )
    expect(ledger.current[0]?.local).toEqual(LOCAL)
  })

  test.each([
    ['failed', failed(1, 20), 'failed', 'failed'],
    ['cancelled', { at: 20, type: 'attempt.cancelled', attempt: 1, failure: REFUSED }, 'cancelled', 'cancelled'],
    ['lost early', { at: 20, type: 'attempt.lost', attempt: 1, failure: REFUSED, kept: false }, 'failed', 'lost'],
    ['lost late', { at: 20, type: 'attempt.lost', attempt: 1, failure: REFUSED, kept: true }, 'won', 'lost'],
  ] as const)('ends as %s', (_, note, outcome, counter) => {
    const ledger = fold(started(1, 10), note)
    expect(ledger.current).toStrictEqual([{ ...OPEN, endedAt: 20, outcome, failure: REFUSED }])
    expect(ledger.counters).toEqual({ ...EMPTY_LEDGER.counters, attempts: 1, [counter]: 1 })
  })

  test('each note finds its own attempt, and an unknown one changes no entry', () => {
    const ledger = fold(started(1), started(2), started(3), failed(2, 5))
    expect(ledger.current.map(({ outcome }) => outcome)).toEqual(['open', 'failed', 'open'])
    expect(record(ledger, failed(9)).current).toEqual(ledger.current)
  })

  test('a skipped candidate and a failed look-up are entries without a number', () => {
    const ledger = fold(
      { at: 1, type: 'candidate.skipped', remote: REMOTE, candidate: CANDIDATE, failure: REFUSED },
      { at: 2, type: 'candidate.skipped', remote: REMOTE, candidate: null, failure: REFUSED },
      { at: 3, type: 'query.started', query: 1, remote: REMOTE, host: 'vpn.test', families: ['ipv4'] },
      { at: 4, type: 'query.failed', query: 1, remote: REMOTE, failure: REFUSED },
    )
    const entry = { attempt: null, remote: REMOTE, stages: {}, failure: REFUSED }
    expect(ledger.current).toStrictEqual([
      { ...entry, candidate: TARGET, hops: [HOP], startedAt: 1, outcome: 'skipped' },
      { ...entry, candidate: null, hops: [], startedAt: 2, outcome: 'skipped' },
      { ...entry, candidate: null, hops: [], startedAt: 4, endedAt: 4, outcome: 'failed' },
    ])
    expect(ledger.counters).toEqual({ ...EMPTY_LEDGER.counters, skipped: 2, queries: 1, failedQueries: 1 })
  })
})

describe('rounds', () => {
  const end = (type: 'round.failed' | 'round.ended'): Note => ({ at: 9, type, round: 1 })

  test.each(['round.failed', 'round.ended'] as const)('%s makes the current one the last', (type) => {
    const one = fold({ at: 0, type: 'round.started', round: 1 }, started(1), failed(1), end(type))
    expect([one.current, one.last.length, one.counters.rounds]).toEqual([[], 1, 1])
    const two = [started(2), end(type), started(3)].reduce(record, one)
    expect(entriesOf(two).map(({ attempt }) => attempt)).toEqual([2, 3])
  })

  test('the headline is the first failure of the last finished round', () => {
    const other = failure('EHOSTUNREACH', 'connect')
    const skip: Note = { at: 0, type: 'candidate.skipped', remote: REMOTE, candidate: CANDIDATE, failure: other }
    expect(headlineOf(fold(skip, started(1), failed(1)))).toBeUndefined()
    expect(headlineOf(fold(skip, started(1), failed(1), end('round.failed')))).toEqual(REFUSED)
    // Nothing failed because nothing could be tried: the first skip explains it.
    expect(headlineOf(fold(skip, end('round.failed')))).toEqual(other)
    expect(headlineOf(fold(end('round.failed')))).toBeUndefined()
  })
})

test('2,000 entries are kept of a round, the rest is counted', () => {
  const notes = Array.from({ length: MAX_ENTRIES + 5 }, (_, i) => started(i + 1))
  const ledger = fold(...notes)
  expect(ledger.current).toHaveLength(2000)
  expect(ledger.counters).toMatchObject({ attempts: 2005, dropped: 5 })
  // One that was not kept still counts when it ends.
  expect(record(ledger, failed(2003)).counters.failed).toBe(1)
  expect(record(ledger, failed(2003)).current).toEqual(ledger.current)
})

test('of a round that is too long its beginning and its end are kept, and with it the winner', () => {
  const notes = Array.from({ length: MAX_ENTRIES + 5 }, (_, i) => [started(i + 1), failed(i + 1)]).flat()
  const won: Note = { at: 5, type: 'attempt.won', attempt: 3000, confirmed: false }
  const { current, counters } = fold(...notes, started(3000), won)
  expect(counters.dropped).toBe(6)
  expect(current).toHaveLength(MAX_ENTRIES)
  expect(current.slice(999, 1001).map(({ attempt }) => attempt)).toEqual([1000, 1007])
  expect(current.at(-1)).toMatchObject({ attempt: 3000, outcome: 'won' })
})

test('what still flies is kept in a round that is too long', () => {
  const notes = Array.from({ length: MAX_ENTRIES + 5 }, (_, i) => [started(i + 1), failed(i + 1)]).flat()
  // 1001 is the first that would go.
  const { current } = fold(...notes.filter((note) => !(note.type === 'attempt.failed' && note.attempt === 1001)))
  expect(current.slice(1000, 1002).map(({ attempt, outcome }) => [attempt, outcome])).toEqual([
    [1001, 'open'],
    [1007, 'failed'],
  ])
})

test('stopping closes what is open: flights are cancelled, the held one ends as won', () => {
  const won: Note = { at: 5, type: 'attempt.won', attempt: 1, confirmed: false }
  const lost: Note = { at: 6, type: 'attempt.lost', attempt: 2, failure: REFUSED, kept: true }
  const ledger = fold(started(1), won, started(2), { ...won, attempt: 2 }, lost, started(3), failed(3, 7), started(4), {
    at: 9,
    type: 'client.stopped',
  })
  expect(ledger.current.map(({ outcome, endedAt }) => [outcome, endedAt])).toEqual([
    ['won', 9],
    ['won', 6],
    ['failed', 7],
    ['cancelled', 9],
  ])
  expect(ledger.counters.cancelled).toBe(1)
})

test('what is no entry changes nothing', () => {
  const ledger = fold(started(1))
  const notes: Note[] = [
    { at: 1, type: 'query.answered', query: 1, addresses: ['192.0.2.1'] },
    { at: 1, type: 'backoff.started', failed: 1, ms: 1000 },
    { at: 1, type: 'network.changed' },
    { at: 1, type: 'client.failed', failure: REFUSED },
  ]
  for (const note of notes) expect(record(ledger, note)).toBe(ledger)
})

test('what was tried at an endpoint is found, what was skipped or asked for is not', () => {
  const notes: Note[] = [
    { at: 0, type: 'query.failed', query: 1, remote: REMOTE, failure: REFUSED },
    { at: 0, type: 'candidate.skipped', remote: REMOTE, candidate: CANDIDATE, failure: REFUSED },
  ]
  const endpoint = { family: 'ipv4', address: '192.0.2.1', port: 443 } as const
  expect(entryAt(fold(...notes).current, 'tcp', endpoint)).toBeUndefined()
  const { current } = fold(...notes, started(1))
  expect(entryAt(current, 'tcp', endpoint)).toMatchObject({ attempt: 1, candidate: TARGET })
  expect(entryAt(current, 'udp', endpoint)).toBeUndefined()
  expect(entryAt(current, 'tcp', { ...endpoint, port: 444 })).toBeUndefined()
  expect(entryAt(current, 'tcp', { ...endpoint, address: '192.0.2.2' })).toBeUndefined()
})

test('recording is pure, and every attempt is counted in exactly one way at the end', () => {
  const ending = fc.constantFrom('failed', 'cancelled', 'won', 'open')
  fc.assert(
    fc.property(fc.array(ending, { maxLength: 30 }), (endings) => {
      const notes = endings.flatMap((ending, i): Note[] => {
        const attempt = i + 1
        if (ending === 'failed') return [started(attempt), failed(attempt)]
        if (ending === 'won') return [started(attempt), { at: 1, type: 'attempt.won', attempt, confirmed: true }]
        if (ending === 'open') return [started(attempt)]
        return [started(attempt), { at: 1, type: 'attempt.cancelled', attempt, failure: REFUSED }]
      })
      const before = Object.freeze(fold(...notes))
      const { counters, current } = record(before, { at: 2, type: 'client.stopped' })
      expect(before).toEqual(fold(...notes))
      expect(counters.won + counters.failed + counters.cancelled).toBe(counters.attempts)
      for (const outcome of ['won', 'failed', 'cancelled'] as const)
        expect(current.filter((entry) => entry.outcome === outcome)).toHaveLength(counters[outcome])
    }),
  )
})
