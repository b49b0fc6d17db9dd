/** Every scenario on the virtual network, with its exact trace: to the millisecond, to the byte. */
import { describe, expect, test } from 'vitest'
import { PeersResultSchema, ResultSchema, type ScenarioResult } from '../../src/sim/result.ts'
import { runScenario } from '../../src/sim/run-scenario.ts'
import { type Catalogued, catalogue, everyScenario, peerCatalogue, serverCatalogue, story } from './catalogue.ts'

describe('scenarios on the virtual network', () => {
  for (const { name, title, scenario, outcome, trace } of everyScenario())
    test(`${title} (${name})`, () => {
      const result = runScenario(scenario)
      expect(story(result)).toEqual([outcome, ...trace])
      const schema = 'peers' in result ? PeersResultSchema : ResultSchema
      expect(schema.parse(result)).toEqual(result)
      for (const one of 'peers' in result ? Object.values(result.peers) : [result]) keepsItsBooks(one)
    })
})

type Books = Pick<ScenarioResult, 'listeners' | 'counters' | 'trace'>
const NOBODY = { accepted: 0, live: 0, refused: 0, dropped: 0, closed: 0 }

/** Every client is counted once, and a server, or a peer, that is over has nothing bound and nobody there. */
function keepsItsBooks({ listeners = [], counters = NOBODY, trace }: Books): void {
  const { accepted, live, dropped, closed } = counters
  expect(accepted).toBe(live + dropped + closed)
  const isOver = /(?:server|peer) (?:stopped|failed)/.test(trace.at(-1) ?? '')
  expect(isOver && live > 0).toBe(false)
  for (const { state, local } of listeners) {
    expect(isOver && state !== 'closed').toBe(false)
    expect(local !== null).toBe(state === 'bound')
  }
}

const ADDRESS = /\[[\da-f:.]+(?:%\w+)?\](?::\d+)?|[\da-f]*:[\da-f:]*:[\da-f.]*|\d+\.\d+\.\d+\.\d+(?::\d+)?/g
const familyOf = (address: string) => (/:.*:/.test(address) ? 'ipv6' : 'ipv4')

/** What is left of a trace without times, numbers, addresses and ports. */
function pathOf({ trace }: Catalogued): string {
  const steps = trace.map((line) =>
    line
      .replace(/^(\w )? *\d+ /, '$1')
      .replace(ADDRESS, familyOf)
      .replace(/\b\d+\b/g, 'n'),
  )
  return steps.join('\n')
}

describe.each([
  ['clients', catalogue(), 60, ['R1', 'R3', 'R4', 'R6', 'R7']],
  ['peers', peerCatalogue(), 60, ['R5']],
  ['servers', serverCatalogue(), 80, ['R1', 'R2', 'R4', 'R8', 'V1', 'V2', 'V3', 'V8', 'U2']],
])('the set of %s', (_, scenarios, least, rules) => {
  test(`has at least ${least} scenarios, each with a sentence of its own`, () => {
    expect(scenarios.length).toBeGreaterThanOrEqual(least)
    expect(new Set(scenarios.map(({ title }) => title)).size).toBe(scenarios.length)
    for (const { title } of scenarios) expect(title).toMatch(/^[RSOLCVU]\d \S/)
  })

  test('takes no path twice', () => {
    const names = new Map<string, string[]>()
    for (const one of scenarios) names.set(pathOf(one), [...(names.get(pathOf(one)) ?? []), one.name])
    expect([...names.values()].filter((group) => group.length > 1)).toEqual([])
  })

  test.each(rules)('covers %s', (rule) => {
    expect(scenarios.filter(({ title }) => title.startsWith(`${rule} `)).length).toBeGreaterThanOrEqual(3)
  })
})
