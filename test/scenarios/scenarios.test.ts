/** Every scenario on the virtual network, with its exact trace: to the millisecond, to the byte. */
import { describe, expect, test } from 'vitest'
import { ResultSchema } from '../../src/sim/result.ts'
import { runScenario } from '../../src/sim/run-scenario.ts'
import { type Catalogued, catalogue, outcomeLine } from './catalogue.ts'

const scenarios = catalogue()

describe('scenarios on the virtual network', () => {
  for (const { name, title, scenario, outcome, trace } of scenarios)
    test(`${title} (${name})`, () => {
      const result = runScenario(scenario)
      expect([outcomeLine(result), ...result.trace]).toEqual([outcome, ...trace])
      expect(ResultSchema.parse(result)).toEqual(result)
    })
})

const ADDRESS = /\[[\da-f:.]+(?:%\w+)?\](?::\d+)?|[\da-f]*:[\da-f:]*:[\da-f.]*|\d+\.\d+\.\d+\.\d+(?::\d+)?/g
const familyOf = (address: string) => (/:.*:/.test(address) ? 'ipv6' : 'ipv4')

/** What is left of a trace without times, numbers, addresses and ports. */
function pathOf({ trace }: Catalogued): string {
  const steps = trace.map((line) =>
    line
      .replace(/^ *\d+ /, '')
      .replace(ADDRESS, familyOf)
      .replace(/\b\d+\b/g, 'n'),
  )
  return steps.join('\n')
}

describe('the set', () => {
  test('has at least 60 scenarios, each with a sentence of its own', () => {
    expect(scenarios.length).toBeGreaterThanOrEqual(60)
    expect(new Set(scenarios.map(({ title }) => title)).size).toBe(scenarios.length)
    for (const { title } of scenarios) expect(title).toMatch(/^[RSOLC]\d \S/)
  })

  test('takes no path twice', () => {
    const names = new Map<string, string[]>()
    for (const one of scenarios) names.set(pathOf(one), [...(names.get(pathOf(one)) ?? []), one.name])
    expect([...names.values()].filter((group) => group.length > 1)).toEqual([])
  })

  test.each(['R1', 'R3', 'R4', 'R6', 'R7'])('covers %s', (rule) => {
    expect(scenarios.filter(({ title }) => title.startsWith(`${rule} `)).length).toBeGreaterThanOrEqual(3)
  })
})
