/**
 * D1 and D2 across processes: the same scripts give the same bytes in this process (XState's development build), and in
 * two fresh ones, of different time zone, locale, thread pool and XState build, in which every clock, every source of
 * chance and every timer of the host throws. The pure ring is compiled for them on the spot.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { runScenario } from '../../src/sim/run-scenario.ts'
import { parseScenario } from '../../src/sim/scenario.ts'
import { script } from './script.ts'

const root = new URL('../..', import.meta.url).pathname
const scripts = fc.sample(script, { seed: 20_261_122, numRuns: 200 })
const files = scenarioFiles(join(root, 'test/scenarios'))
let folder = ''

function scenarioFiles(path: string): readonly string[] {
  if (!existsSync(path)) return []
  const names = readdirSync(path, { recursive: true, encoding: 'utf8' })
  return names
    .filter((name) => name.endsWith('.json'))
    .toSorted()
    .map((name) => readFileSync(join(path, name), 'utf8'))
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sockchart-determinism-'))
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
  const tsc = join(root, 'node_modules/typescript/bin/tsc')
  const out = ['--outDir', join(folder, 'build'), '--tsBuildInfoFile', join(folder, 'build.tsbuildinfo')]
  spawnSync(process.execPath, [tsc, '-p', join(root, 'tsconfig.json'), ...out], { encoding: 'utf8' })
}, 60_000)

afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** What a fresh process prints. `conditions`: which build of XState it loads. */
function freshRun(env: Readonly<Record<string, string>>, conditions: readonly string[]): string {
  const runner = join(root, 'test/properties/fresh-process.mjs')
  return execFileSync(process.execPath, [...conditions, runner, join(folder, 'build')], {
    input: JSON.stringify({ scripts, files }),
    encoding: 'utf8',
    env: { PATH: process.env['PATH'] ?? '', ...env },
    maxBuffer: 2 ** 30,
  })
}

function here(): string {
  const fromFiles = files.map((text) => {
    const parsed = parseScenario(JSON.parse(text))
    return 'scenario' in parsed ? runScenario(parsed.scenario) : parsed.problems
  })
  return JSON.stringify([...scripts.map((scenario) => runScenario(scenario)), ...fromFiles])
}

test(
  'D1 D2 200 scripts and every scenario file: the same bytes in three processes, none like another',
  { timeout: 120_000 },
  () => {
    const turkish = { TZ: 'Pacific/Kiritimati', LANG: 'tr_TR.UTF-8', LC_ALL: 'tr_TR.UTF-8', UV_THREADPOOL_SIZE: '1' }
    const plain = { TZ: 'America/St_Johns', LANG: 'C', LC_ALL: 'C', UV_THREADPOOL_SIZE: '16', NODE_ENV: 'production' }
    const first = freshRun(turkish, ['--conditions=development'])
    const second = freshRun(plain, [])
    expect(first === second).toBe(true)
    expect(first === here()).toBe(true)
    expect(JSON.parse(first)).toHaveLength(scripts.length + files.length)
  },
)
