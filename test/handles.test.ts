import { expect, test } from 'vitest'
import { closeHandles, handlesOf } from '../src/handles.ts'
import type { WireSocket } from '../src/wire.ts'

const socketOf = (closed: string[], name: string): WireSocket => ({
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
