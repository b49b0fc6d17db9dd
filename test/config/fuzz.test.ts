/** Nothing throws: random bytes, random tokens, and samples with a hole, a doubling or a foreign piece in them. */
import { readdirSync, readFileSync } from 'node:fs'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { DIRECTIVES } from '../../src/config/directives.ts'
import { type ParseOptions, parseConfig } from '../../src/config/parse.ts'
import { printConfig } from '../../src/config/print.ts'
import { KNOWN_PLUGINS } from '../../src/plugins/known.ts'
import { renderIssues } from '../../src/config/render.ts'

const folder = new URL('samples/', import.meta.url)
const samples = readdirSync(folder)
  .filter((name) => !name.endsWith('.expected'))
  .map((name) => readFileSync(new URL(name, folder), 'utf8'))

const plugins = KNOWN_PLUGINS
const registered = [...plugins.values()].flatMap(({ directives }) => [...directives.keys()])

const options = (word: string): ParseOptions => ({
  strict: word.length % 2 === 0,
  read: (path) => ({ file: path, text: word }),
  plugins,
})

function judge(text: string): void {
  const rows = text.replace(/^\uFEFF/, '').split('\n')
  const { config, issues, vault } = parseConfig({ text, file: 'f' }, options(text))
  expect(config === undefined).toBe(issues.some(({ severity }) => severity === 'error'))
  for (const { file, line, column, length } of issues) {
    if (file !== 'f' || line === 0) continue
    const row = rows[line - 1]
    if (row === undefined || column < 1 || length < 0 || column - 1 + length > row.length + 1)
      throw new Error(`${line}:${column}+${length} is no place in ${JSON.stringify(row)}`)
  }
  // eslint-disable-next-line no-control-regex -- a terminal must get none of them
  expect(renderIssues(issues, { width: 40 })).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/)
  if (!config) return
  const { text: printed, handles } = printConfig(config, { plugins })
  expect(parseConfig({ text: printed, file: 'p' }, { inlined: { vault, handles }, plugins }).config).toEqual(config)
}

test('2,500 strings of random bytes', () => {
  const bytes = fc.uint8Array({ maxLength: 300 }).map((array) => new TextDecoder().decode(array))
  fc.assert(fc.property(bytes, judge), { numRuns: 2_500, seed: 3 })
})

test('2,500 texts of random directives', () => {
  const name = fc.constantFrom(
    ...DIRECTIVES.keys(),
    // As often as all of those together: they are many.
    ...Array.from({ length: 20 }, () => registered).flat(),
    '<http-proxy-user-pass>',
    '</http-proxy-user-pass>',
    'remote',
    'proto',
    'local',
    '<connection>',
    '</connection>',
    '<listen>',
    '</listen>',
    '<tls-auth>',
    '</tls-auth>',
    '<',
    '-----BEGIN X-----',
  )
  const value = fc.constantFrom(
    'a.b',
    '::1',
    '1.2.3.4',
    '0',
    '443',
    'udp',
    'tcp6',
    '"',
    "'x y'",
    '\\',
    '#',
    'VERSION',
    'CUSTOM-HEADER',
    'auto',
    'basic',
    '[[INLINE]]',
    '[inline]',
    '--x',
    '\0',
    '\u202e',
  )
  const line = fc.tuple(name, fc.array(value, { maxLength: 4 })).map(([name, values]) => [name, ...values].join(' '))
  const role = fc.constantFrom('client', 'mode server', 'mode p2p', 'proto udp-client')
  const text = fc.tuple(role, fc.array(line, { maxLength: 12 })).map(([role, lines]) => [role, ...lines].join('\n'))
  fc.assert(fc.property(text, judge), { numRuns: 2_500, seed: 4 })
})

test('5,000 samples with something cut, doubled or put in', () => {
  const piece = fc.oneof(
    fc.string({ maxLength: 8, unit: 'binary' }),
    fc.constantFrom('', '"', "'", '\\', '<', '>', '</', '\n', '\r', '\0', '\uFEFF', '\u202e'),
  )
  const edit = fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.nat({ max: 80 }), piece, fc.boolean())
  const mutated = fc
    .tuple(fc.constantFrom(...samples), fc.array(edit, { minLength: 1, maxLength: 4 }))
    .map(([sample, edits]) => {
      let text = sample
      for (const [where, length, piece, doubles] of edits) {
        const at = Math.floor(where * text.length)
        text = text.slice(0, at) + piece + text.slice(doubles ? Math.max(0, at - length) : at + length)
      }
      return text
    })
  fc.assert(fc.property(mutated, judge), { numRuns: 5_000, seed: 5 })
})
