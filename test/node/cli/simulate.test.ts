import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { afterAll, expect, test } from 'vitest'
import { sockchart } from '../../../src/node/cli/sockchart.ts'
import { PeersResultSchema, ResultSchema } from '../../../src/sim/result.ts'
import { fakeIo } from './fake-io.ts'
import { PEER_STORIES } from './peer-stories.ts'
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
  ['roaming', 0, ['connected', 'connected']],
  ['meeting', 0, ['connected', 'connected']],
  ['unbound', 2, ['failed', 'failed']],
] as const)('R5 simulate two peers: %s', async (name, code, outcomes) => {
  const scenario = JSON.stringify(PEER_STORIES[name])
  for (const columns of [40, 80, 200]) {
    const told = await simulate(scenario, columns)
    expect(told.code).toBe(code)
    await expect(told.text).toMatchFileSnapshot(`golden/simulate-${name}-${columns}-colour.txt`)
    for (const line of stripVTControlCharacters(told.text).split('\n')) expect(line.length).toBeLessThanOrEqual(columns)
  }
  const { io } = await simulate(scenario, undefined, '--json')
  expect(io.stdout.lines).toHaveLength(1)
  const { peers } = PeersResultSchema.parse(io.stdout.lines[0])
  expect([peers.a.outcome, peers.b.outcome]).toEqual(outcomes)
})

test('both sides of peers are told in the order of time, and each name stands before what it tells', async () => {
  const { text } = await simulate(JSON.stringify(PEER_STORIES.roaming), undefined, '--no-color')
  const moments = [...text.matchAll(/^ *(\d+) ([ab]) {2}\S/gm)].map(([, at, name]) => ({ at: Number(at), name }))
  expect(moments.map(({ at }) => at)).toEqual(moments.map(({ at }) => at).toSorted((one, other) => one - other))
  expect(new Set(moments.map(({ name }) => name))).toEqual(new Set(['a', 'b']))
  expect(text).toContain('\n  12005 a  received "hello"\n')
  expect(text.indexOf('\npeer a\n')).toBeGreaterThan(0)
})

test('what a peer received that is no text is told by its length, and what is no line of its own is made harmless', async () => {
  const { peers, ...rest } = PEER_STORIES.roaming
  const strange = {
    ...rest,
    peers,
    timeline: [{ atMs: 12_000, send: { peer: 'b', text: 'two\nlines' } }],
    untilMs: 13_000,
  }
  expect((await simulate(JSON.stringify(strange))).text).toContain('received "two\\u000alines"')
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
