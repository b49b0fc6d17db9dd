/**
 * Shows that the tests of hops bite: `node test/plugins/break.mjs [ID ...]`. Each defect of `breakages.mjs` is applied to a
 * copy of the sources in a folder of the system's for passing things, and the test file that is to see it is run there; the
 * test that it names has to go red. Not part of the normal test run (about three seconds each).
 */
import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { breakages } from './breakages.mjs'

const root = new URL('../..', import.meta.url).pathname
const COPIED = ['src', 'machines', 'test', 'package.json', 'tsconfig.json']

const wanted = process.argv.slice(2)
const chosen = breakages.filter(({ id }) => wanted.length === 0 || wanted.includes(id))
const tests = [...new Set(chosen.map(({ test }) => test))]

const folder = mkdtempSync(join(tmpdir(), 'sockchart-break-'))
const missed = []
try {
  for (const path of COPIED) cpSync(join(root, path), join(folder, path), { recursive: true })
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
  const failing = failuresOf(tests)
  if (failing.length > 0) throw new Error(`red as it is: ${failing.join(', ')}`)
  console.log(`unbroken, ${tests.length} files of tests are green`)
  for (const breakage of chosen) {
    const { id, what, after, red } = breakage
    const seen = seenBy(breakage)
    const isSeen = seen.some((name) => name.includes(red))
    if (!isSeen) missed.push(id)
    console.log(
      `${isSeen ? 'red ' : 'MISS'} ${id}: ${what} (${after})\n     ${isSeen ? red : seen.join('; ') || 'green'}`,
    )
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
}
console.log(missed.length === 0 ? `all ${chosen.length} were seen` : `not seen: ${missed.join(' ')}`)
process.exitCode = missed.length === 0 && chosen.length > 0 ? 0 : 1

/** The tests that fail with it. The copy is mended behind it. */
function seenBy({ file, search, replace, also, test }) {
  const path = join(folder, file)
  const text = readFileSync(path, 'utf8')
  const changes = [[search, replace], ...(also ? [also] : [])]
  let broken = text
  for (const [from, to] of changes) {
    const found = broken.split(from).length - 1
    if (found !== 1) return [`what is to be broken was found ${found} times in ${file}: ${from}`]
    broken = broken.replace(from, () => to)
  }
  writeFileSync(path, broken)
  try {
    return failuresOf([test])
  } finally {
    writeFileSync(path, text)
  }
}

/** Full names of the tests in these files that fail; a file that cannot even be loaded is no proof of anything. */
function failuresOf(files) {
  const vitest = join(root, 'node_modules/vitest/vitest.mjs')
  const { stdout, stderr } = spawnSync(
    process.execPath,
    [vitest, 'run', '--config', 'test/vitest.config.ts', '--reporter=json', ...files],
    { cwd: folder, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024, env: { ...process.env, NO_COLOR: '1' } },
  )
  const start = stdout.indexOf('{"numTotalTestSuites"')
  if (start < 0) throw new Error(`no report of ${files.join(' ')}: ${stderr.slice(-2000)}`)
  const { testResults } = JSON.parse(stdout.slice(start))
  const broken = testResults.filter(({ assertionResults }) => assertionResults.length === 0)
  if (broken.length > 0 || testResults.length < files.length)
    throw new Error(`cannot be run: ${stderr.slice(-2000)} ${broken[0]?.message}`)
  const all = testResults.flatMap(({ assertionResults }) => assertionResults)
  return all.filter(({ status }) => status === 'failed').map(({ fullName }) => fullName)
}
