import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { sockchart } from '../../../src/node/cli/sockchart.ts'
import { ResultSchema } from '../../../src/sim/result.ts'
import { fakeIo } from './fake-io.ts'
import { SERVER_STORIES } from './server-stories.ts'
import { STORIES } from './stories.ts'

const folder = mkdtempSync(join(tmpdir(), 'sockchart-'))
afterAll(() => rmSync(folder, { recursive: true }))

async function simulate(text: string, columns?: number, ...more: string[]) {
  const file = join(folder, 'scenario.json')
  writeFileSync(file, text)
  const io = fakeIo(columns)
  const code = await sockchart(['simulate', file, ...more], io)
  return { code, io, text: (io.stdout.text + io.stderr.text).replaceAll(`${folder}/`, '') }
}

test.each([
  ['failover', 0, 'connected'],
  ['failure', 2, 'failed'],
  ['half-way', 0, 'pending'],
  ['serving', 0, 'listening'],
  ['refused', 2, 'failed'],
  ['waiting', 0, 'listening'],
] as const)('simulate: %s', async (name, code, outcome) => {
  const scenario = JSON.stringify({ ...STORIES, ...SERVER_STORIES }[name])
  for (const columns of [40, 80, 200]) {
    const told = await simulate(scenario, columns)
    expect(told.code).toBe(code)
    await expect(told.text).toMatchFileSnapshot(`golden/simulate-${name}-${columns}-colour.txt`)
  }
  const { io } = await simulate(scenario, undefined, '--json')
  expect(io.stdout.lines).toHaveLength(1)
  expect(ResultSchema.parse(io.stdout.lines[0]).outcome).toBe(outcome)
})

test.each([
  ['no JSON', '{'],
  ['no scenario', '{ "config": "client\\nremotee x\\n", "names": { "a..b": [] }, "untilMs": -1 }'],
])('%s', async (_, text) => {
  const told = await simulate(text)
  expect(told.code).toBe(1)
  expect(told.io.stdout.text).toBe('')
  expect(told.text).toMatch(/^scenario\.json: error: /)
  const { io } = await simulate(text, undefined, '--json')
  expect(ResultSchema.parse(io.stdout.lines.at(-1))).toMatchObject({ outcome: 'failed', failure: { code: 'CONFIG' } })
})
