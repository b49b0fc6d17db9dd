import { expect, test } from 'vitest'
import { closeHandles, guestsOf, handlesOf, listenersOf } from '../src/handles.ts'
import type { DockSocket } from '../src/dock.ts'
import type { WireSocket } from '../src/wire.ts'
import { ALICE, FakeGuest } from './harbour.ts'

const socketOf = (closed: string[], name: string): WireSocket & DockSocket => ({
  handle: name,
  send: () => {},
  accept: () => {},
  close: () => closed.push(name),
})

test('each system has handles of its own', () => {
  const [one, other] = [{}, {}]
  handlesOf(one).set(1, socketOf([], 'a'))
  expect(handlesOf(one).get(1)?.handle).toBe('a')
  expect(handlesOf(other).size).toBe(0)
})

test('the closer of last resort closes everything of one system, once', () => {
  const [one, other, closed] = [{}, {}, [] as string[]]
  handlesOf(one).set(1, socketOf(closed, 'a')).set(2, socketOf(closed, 'b'))
  handlesOf(other).set(1, socketOf(closed, 'c'))
  closeHandles(one)
  closeHandles(one)
  expect(closed).toEqual(['a', 'b'])
  expect([handlesOf(one).size, handlesOf(other).size]).toEqual([0, 1])
})

test('it closes listeners and the clients that they let in, too', () => {
  const [system, closed, guest] = [{}, [] as string[], new FakeGuest(ALICE)]
  listenersOf(system).set(1, socketOf(closed, 'listener'))
  guestsOf(system).set(1, guest)
  closeHandles(system)
  closeHandles(system)
  expect([closed, guest.closes]).toEqual([['listener'], 1])
  expect([listenersOf(system).size, guestsOf(system).size]).toEqual([0, 0])
})
