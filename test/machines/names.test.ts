/**
 * What XState does not check itself: a missing action is silent, a missing actor hangs its state, and a missing delay
 * fires at once. So every name that a state uses must be there, and states hold names only.
 */
import type { AnyStateMachine } from 'xstate'
import { describe, expect, test } from 'vitest'
import * as exported from '../../machines/index.ts'

type Json = { readonly [key: string]: unknown }
interface State {
  readonly path: string
  readonly node: Json
}

const list = (value: unknown): unknown[] => (value === undefined ? [] : Array.isArray(value) ? value : [value])
const record = (value: unknown): [string, unknown][] => Object.entries((value ?? {}) as Json)

function statesOf(node: Json, path = ''): State[] {
  const children = record(node.states).flatMap(([name, child]) => statesOf(child as Json, `${path}.${name}`))
  return [{ path, node }, ...children]
}

function transitionsOf({ node }: State): unknown[] {
  const invokes = list(node.invoke) as Json[]
  const sources = [...record(node.on), ...record(node.after)].flatMap(([, value]) => list(value))
  const ends = invokes.flatMap(({ onDone, onError, onSnapshot }) => [onDone, onError, onSnapshot].flatMap(list))
  return [...sources, ...ends, ...list(node.always), ...list(node.onDone)]
}

function namesOf(machine: AnyStateMachine) {
  const states = statesOf(machine.config as Json)
  const transitions = states
    .flatMap(transitionsOf)
    .map((one) => (typeof one === 'string' ? { target: one } : one) as Json)
  const entries = states.flatMap(({ node }) => list(node.entry))
  return {
    states,
    transitions,
    actions: [...entries, ...transitions.flatMap(({ actions }) => list(actions))],
    guards: transitions.flatMap(({ guard }) => list(guard)),
    delays: states.flatMap(({ node }) => record(node.after).map(([delay]) => delay)),
    actors: states.flatMap(({ node }) => (list(node.invoke) as Json[]).map(({ src }) => src)),
  }
}

const machines = Object.entries(exported).flatMap(([name, value]) =>
  name.endsWith('Machine') ? [[name, value as unknown as AnyStateMachine] as const] : [],
)

test('both machines are looked at', () => {
  expect(machines.map(([name]) => name)).toEqual(expect.arrayContaining(['clientMachine', 'dialMachine']))
})

describe.each(machines)('%s', (_, machine) => {
  const used = namesOf(machine)
  const { implementations } = machine

  test.each(['actions', 'guards', 'delays', 'actors'] as const)(
    'every one of its %s has a name that is provided',
    (kind) => {
      const provided = implementations[kind] as Json
      for (const name of used[kind]) {
        expect(name).toBeTypeOf('string')
        expect(Object.keys(provided)).toContain(name)
      }
    },
  )

  test.each(['actions', 'guards', 'delays'] as const)('none of its %s is provided for nothing', (kind) => {
    expect(Object.keys(implementations[kind]).toSorted()).toEqual([...new Set(used[kind] as string[])].toSorted())
  })

  test('its states hold names only', () => {
    const functions: string[] = []
    // Only an invoke's input is a function: XState has no name for it.
    const walk = (value: unknown, path: string): void => {
      if (typeof value === 'function' && !path.endsWith('.invoke.input')) functions.push(path)
      if (typeof value === 'object' && value !== null)
        for (const [key, inner] of record(value)) walk(inner, `${path}.${key}`)
    }
    for (const [name, state] of record((machine.config as Json).states)) walk(state, name)
    expect(functions).toEqual([])
  })

  test('no wildcard, no exit action, at most one invoke per state', () => {
    for (const { path, node } of used.states) {
      expect(
        record(node.on).filter(([event]) => event.includes('*')),
        path,
      ).toEqual([])
      expect(node.exit, path).toBeUndefined()
      expect(list(node.invoke).length, path).toBeLessThanOrEqual(1)
    }
  })

  test('it starts in idle, without an invoke, and cannot loop for ever', () => {
    expect((machine.config as Json).initial).toBe('idle')
    expect(used.states.find(({ path }) => path === '.idle')?.node.invoke).toBeUndefined()
    expect((machine.config as { options?: { maxIterations?: number } }).options?.maxIterations).toBeGreaterThan(0)
  })
})
