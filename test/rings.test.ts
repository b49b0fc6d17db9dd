/**
 * The rings of the house, read from the imports: core <- machines <- sim, node. The compiler and the linter keep most
 * of this too; here it is said once for the whole tree, and no line can switch it off.
 */
import { readFileSync, readdirSync } from 'node:fs'
import { dirname, join } from 'node:path/posix'
import { describe, expect, test } from 'vitest'

const ROOT = join(import.meta.dirname, '..')

const filesIn = (folder: string, recursive = false): string[] =>
  readdirSync(join(ROOT, folder), { recursive, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.d.ts'))
    .map((name) => join(folder, name))
    .toSorted()

const RINGS = {
  core: [...filesIn('src'), ...filesIn('src/config', true), ...filesIn('src/plugins', true)],
  machines: filesIn('machines', true),
  sim: filesIn('src/sim', true),
  node: filesIn('src/node', true),
}
type Ring = keyof typeof RINGS

const textOf = (file: string) => readFileSync(join(ROOT, file), 'utf8')

/** What a file imports or exports on: paths from the root, and names of packages. */
function importsOf(file: string): string[] {
  const found = textOf(file).matchAll(/^(?:import|export)\b(?:[^'"`;]*?\bfrom)?\s*'([^']+)'|\bimport\('([^']+)'\)/gm)
  return [...found].map(([, fixed, dynamic]) => {
    const target = fixed ?? dynamic ?? ''
    return target.startsWith('.') ? join(dirname(file), target) : target
  })
}

const ringOf = (path: string): Ring | undefined =>
  (Object.keys(RINGS) as Ring[]).find((ring) => RINGS[ring].includes(path))
const isPackage = (target: string) => !target.endsWith('.ts')

/** `file -> target`, for every import in a ring that is not allowed there. */
function strays(ring: Ring, isAllowed: (target: string, file: string) => boolean): string[] {
  return RINGS[ring].flatMap((file) =>
    importsOf(file)
      .filter((target) => !isAllowed(target, file))
      .map((target) => `${file} -> ${target}`),
  )
}

test('the reader of imports reads them', () => {
  expect(importsOf('machines/dial.ts')).toEqual(expect.arrayContaining(['xstate', 'src/round.ts', 'src/actors.ts']))
  expect(importsOf('machines/index.ts')).toEqual([
    'machines/client.ts',
    'machines/dial.ts',
    'machines/listen.ts',
    'machines/peer.ts',
    'machines/server.ts',
  ])
  for (const files of Object.values(RINGS)) expect(files.length).toBeGreaterThan(2)
})

describe('imports go one way', () => {
  const CORE_PACKAGES = ['ipaddr.js', 'zod']

  test('the core knows itself and two packages; contain.ts alone knows xstate', () => {
    const isAllowed = (target: string, file: string) =>
      ringOf(target) === 'core' || CORE_PACKAGES.includes(target) || (target === 'xstate' && file === 'src/contain.ts')
    expect(strays('core', isAllowed)).toEqual([])
  })

  test('machines know xstate, each other and leaf files of the core', () => {
    const isAllowed = (target: string) =>
      target === 'xstate' ||
      ringOf(target) === 'machines' ||
      (ringOf(target) === 'core' && !target.endsWith('/index.ts'))
    expect(strays('machines', isAllowed)).toEqual([])
    expect(RINGS.machines.flatMap(importsOf).filter((target) => target.endsWith('index.ts'))).toEqual([])
  })

  test('the virtual twin knows no Node', () => {
    const isAllowed = (target: string) =>
      isPackage(target) ? ['xstate', ...CORE_PACKAGES].includes(target) : ringOf(target) !== 'node'
    expect(strays('sim', isAllowed)).toEqual([])
  })

  test('the Node ring does not know the virtual twin; only the command line plays scenarios', () => {
    const isAllowed = (target: string, file: string) => ringOf(target) !== 'sim' || file.startsWith('src/node/cli/')
    expect(strays('node', isAllowed)).toEqual([])
  })

  test('every import is a file of the tree', () => {
    for (const ring of Object.keys(RINGS) as Ring[])
      expect(strays(ring, (target) => isPackage(target) || ringOf(target) !== undefined)).toEqual([])
  })
})

test('the pure rings name no clock, no chance and no host', () => {
  const HOST =
    /\b(?:Date\.now|new Date|Math\.random|performance\.|process\.|AbortSignal|AbortController|Buffer\.|globalThis)/
  for (const file of [...RINGS.core, ...RINGS.machines, ...RINGS.sim]) expect(textOf(file), file).not.toMatch(HOST)
})
