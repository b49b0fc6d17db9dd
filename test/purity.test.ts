/**
 * R9: sockets made by plugins are outside of the main path. Its text has no word for any of them, and it imports of all
 * that plugins are made of nothing but their contract.
 */
import { readFileSync, readdirSync } from 'node:fs'
import { dirname, join } from 'node:path/posix'
import { describe, expect, test } from 'vitest'

const ROOT = join(import.meta.dirname, '..')
const textOf = (file: string) => readFileSync(join(ROOT, file), 'utf8')
const filesIn = (folder: string, recursive: boolean) =>
  readdirSync(join(ROOT, folder), { recursive, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(folder, name))
    .toSorted()

const MAIN_PATH = [...filesIn('machines', true), ...filesIn('src', false), ...filesIn('src/config', true)]
const CONTRACT = ['src/plugins/plugin.ts', 'src/plugins/negotiator.ts']

const MENTION = /prox(?:y|ies)|https?|socks/i

/** Addresses of specifications, where they can only be read: in a comment. */
const withoutAddresses = (line: string) => line.replace(/(?<=(?:^\s*\/?\*|\/\/ ).*)\bhttps?:\/\/[^\s)]+/g, '')

const mentionsIn = (text: string) => text.split('\n').filter((line) => MENTION.test(withoutAddresses(line)))

/** Whatever a file imports, types and all, as paths from the root. */
const importsOf = (file: string) =>
  [...textOf(file).matchAll(/(?:\bfrom|\bimport\(?)\s*'(\.[^']+)'/g)].map(([, target = '']) =>
    join(dirname(file), target),
  )

/** All that a file comes to by its imports. */
function reachFrom(files: readonly string[]): ReadonlySet<string> {
  const reached = new Set<string>()
  const visit = (file: string): void => {
    if (reached.has(file)) return
    reached.add(file)
    importsOf(file).forEach(visit)
  }
  files.forEach(visit)
  return reached
}

test('what is forbidden is found, and what is allowed is not', () => {
  const forbidden = [
    'a proxy',
    'Proxies',
    'viaHTTP()',
    "'https://host'",
    'socks5',
    '// a SOCKS one, see https://x.example/y',
  ]
  for (const line of forbidden) expect(mentionsIn(line), line).toEqual([line])
  for (const line of [
    'sockets',
    '// RFC 8305 (https://www.rfc-editor.org/rfc/rfc8305)',
    ' * https://no-color.org, too',
  ])
    expect(mentionsIn(line), line).toEqual([])
})

describe('R9 the main path knows no hop by name', () => {
  test('all of it is looked at', () => {
    expect(MAIN_PATH).toEqual(expect.arrayContaining(['machines/dial.ts', 'src/tunnel.ts', 'src/config/ways.ts']))
    expect(MAIN_PATH.length).toBeGreaterThan(80)
  })

  test.each([...MAIN_PATH, ...CONTRACT])('%s', (file) => expect(mentionsIn(textOf(file))).toEqual([]))
})

describe('R9 the main path imports the contract of plugins, and no plugin', () => {
  test('it reaches the contract', () => {
    const reached = reachFrom(MAIN_PATH)
    for (const file of CONTRACT) expect(reached).toContain(file)
  })

  test.each(MAIN_PATH)('%s', (file) => {
    const reached = [...reachFrom([file])].filter((other) => other.startsWith('src/plugins/'))
    expect(reached.filter((other) => !CONTRACT.includes(other))).toEqual([])
  })

  test('it stays among itself and the contract', () => {
    const strays = [...reachFrom(MAIN_PATH)].filter((file) => !MAIN_PATH.includes(file) && !CONTRACT.includes(file))
    expect(strays).toEqual([])
  })
})
