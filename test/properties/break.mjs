/**
 * Shows that every invariant bites: `node test/properties/break.mjs [ID|TEST ...]` (`server`: those of servers). Each
 * breakage is applied to a copy of the sources in a folder of the system's for passing things, and the property suite is
 * run there with that invariant alone; it has to go red with its number. Not part of the normal test run (about five seconds each).
 */
import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { breakages } from './breakages.mjs'

const root = new URL('../..', import.meta.url).pathname
const COPIED = [
  'src',
  'machines',
  'test/properties',
  'test/reference',
  'test/scenarios',
  'test/vitest.config.ts',
  'package.json',
  'tsconfig.json',
]

const wanted = process.argv.slice(2)
const chosen = breakages.filter(
  ({ id, test = 'client' }) => wanted.length === 0 || wanted.includes(id) || wanted.includes(test),
)
const tests = new Set(chosen.map(({ test }) => test))
const unbroken = [...tests].map((test) => ({ id: 'none', what: 'the code as it is', test }))
const results = [...unbroken, ...chosen].map((breakage) => {
  const result = shownBy(breakage)
  console.log(`${result.id.padEnd(6)} ${result.what}\n       ${result.seen}`)
  return result
})
const missed = results.filter(({ ok }) => !ok)
console.log(missed.length === 0 ? 'every breakage was seen' : `not seen: ${missed.map(({ id }) => id).join(' ')}`)
process.exitCode = missed.length === 0 ? 0 : 1

function shownBy(breakage) {
  const folder = mkdtempSync(join(tmpdir(), 'sockchart-break-'))
  try {
    for (const path of COPIED) cpSync(join(root, path), join(folder, path), { recursive: true })
    symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
    const { id, what } = breakage
    if (id !== 'none') apply(folder, breakage)
    const { status, output } = runTests(folder, breakage)
    if (id === 'none') return { id, what, ok: status === 0, seen: status === 0 ? 'green' : output.slice(-2000) }
    const seen = output.match(new RegExp(`Error: (${id}: .*)`))?.[1]
    return { id, what, ok: status !== 0 && seen !== undefined, seen: seen ? `red: ${seen}` : 'not seen' }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function apply(folder, { id, file, search, replace, also = '' }) {
  const path = join(folder, file)
  const text = readFileSync(path, 'utf8')
  const found = typeof search === 'string' ? text.split(search).length - 1 : search.test(text) ? 1 : 0
  if (found !== 1) throw new Error(`${id}: what is to be broken was found ${found} times in ${file}: ${search}`)
  const broken = typeof search === 'string' ? text.replace(search, () => replace) : text.replace(search, replace)
  writeFileSync(path, also ? `${broken}\n${also}` : broken)
}

function runTests(folder, { id, test = 'client' }) {
  const vitest = join(root, 'node_modules/vitest/vitest.mjs')
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [vitest, 'run', '--config', 'test/vitest.config.ts', `test/properties/${test}`],
    {
      cwd: folder,
      encoding: 'utf8',
      env: { ...process.env, NO_COLOR: '1', SOCKCHART_SCHEDULES: '5000', SOCKCHART_ONLY: id === 'none' ? '' : id },
    },
  )
  return { status, output: stdout + stderr }
}
