import { expect, test } from 'vitest'
import { failure } from '../src/failure.ts'
import type { Note } from '../src/ledger.ts'
import { EMPTY_ROSTER, type ServerNote, enrol } from '../src/roster.ts'

const endpoint = { family: 'ipv4', address: '198.51.100.1', port: 0 } as const
const local = { ...endpoint, port: 50_000 }
const remote = { family: 'ipv4', address: '203.0.113.1', port: 40_000 } as const
const why = failure('ENETDOWN', 'bind')
const started = { type: 'listener.started', at: 0, listener: 1, block: 0, transport: 'udp', endpoint } as const
const bound = { type: 'listener.bound', at: 1, listener: 1, local } as const

const rosterOf = (...notes: readonly (ServerNote | Note)[]) => notes.reduce(enrol, EMPTY_ROSTER)
const listenerOf = (...notes: readonly ServerNote[]) => rosterOf(...notes).listeners[0]

test('a listener is bound, lost, waited for and bound again under its number', () => {
  const entry = { listener: 1, block: 0, transport: 'udp', endpoint }
  const lost: ServerNote[] = [started, bound, { type: 'listener.lost', at: 2, listener: 1, failure: why }]
  const waiting: ServerNote[] = [...lost, { type: 'listener.waiting', at: 2, listener: 1, ms: 1000 }]
  const again: ServerNote[] = [...waiting, { ...started, at: 1002, endpoint: local }]
  expect(listenerOf(started)).toEqual({ ...entry, local: null, state: 'binding', failure: null })
  expect(listenerOf(started, bound)).toEqual({ ...entry, local, state: 'bound', failure: null })
  expect(listenerOf(...lost)).toEqual({ ...entry, local: null, state: 'failed', failure: why })
  expect(listenerOf(...waiting)).toEqual({ ...entry, local: null, state: 'waiting', failure: why })
  expect(listenerOf(...again)).toEqual({ ...entry, endpoint: local, local: null, state: 'binding', failure: why })
  expect(rosterOf(...again, { ...bound, at: 1003 }).listeners).toHaveLength(1)
})

test('one that is given up keeps its reason; one of two leaves the other alone', () => {
  const second = { ...started, listener: 2 }
  const { listeners } = rosterOf(
    started,
    second,
    { type: 'listener.failed', at: 1, listener: 1, failure: why },
    { type: 'listener.closed', at: 1, listener: 1, failure: null },
  )
  expect(listeners.map(({ state, failure: reason }) => [state, reason?.code])).toEqual([
    ['closed', 'ENETDOWN'],
    ['binding', undefined],
  ])
})

test('V3 accepted = live + dropped + closed, and those refused were never accepted', () => {
  const accepted = [1, 2, 3, 4].map((peer) => ({ type: 'peer.accepted', at: 0, peer, listener: 1, remote }) as const)
  const notes: readonly ServerNote[] = [
    ...accepted,
    { type: 'peer.refused', at: 1, listener: 1, remote, failure: failure('MAX_CLIENTS', 'accept') },
    { type: 'peer.dropped', at: 2, peer: 1, failure: failure('HAND_WINDOW', 'accept') },
    { type: 'peer.closed', at: 3, peer: 2 },
  ]
  expect(rosterOf(...notes).counters).toEqual({ accepted: 4, live: 2, refused: 1, dropped: 1, closed: 1 })
})

test.each([
  { type: 'server.stopped', at: 9 },
  { type: 'peer.stopped', at: 9 },
  { type: 'peer.failed', at: 9, failure: why },
  { type: 'server.failed', at: 9, failure: why },
] as const)('$type leaves nobody behind', (end) => {
  const { listeners, counters } = rosterOf(
    started,
    bound,
    { type: 'peer.accepted', at: 1, peer: 1, listener: 1, remote },
    end,
  )
  expect(listeners.map(({ state, local: where }) => [state, where])).toEqual([['closed', null]])
  expect(counters).toEqual({ accepted: 1, live: 0, refused: 0, dropped: 1, closed: 0 })
})

test('of a start that failed, who could not be bound says why, and who was closed for that says so', () => {
  const starting = (listener: number) => ({ ...started, listener })
  const { listeners } = rosterOf(
    ...[1, 2, 3, 4].map(starting),
    bound,
    { type: 'listener.failed', at: 1, listener: 2, failure: why },
    { type: 'listener.closed', at: 1, listener: 3, failure: null },
    { type: 'server.failed', at: 2, failure: why },
  )
  expect(listeners.map(({ state, local: where, failure: told }) => [state, where, told?.code])).toEqual([
    ['closed', null, 'SIBLING_FAILED'],
    ['closed', null, why.code],
    ['closed', null, undefined],
    ['closed', null, 'SIBLING_FAILED'],
  ])
})

test('of a listener that nobody has started nothing is known', () => {
  expect(enrol(EMPTY_ROSTER, bound)).toBe(EMPTY_ROSTER)
})

test('what is told beside changes nothing', () => {
  const roster = rosterOf(started)
  expect(enrol(roster, { type: 'server.listening', at: 1, bound: 1 })).toBe(roster)
})
