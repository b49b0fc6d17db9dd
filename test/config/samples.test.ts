/**
 * What providers, routers and OpenVPN itself ship, written in their style with keys made up on the spot. Beside each
 * sample stands what we make of it: the printed configuration and every issue.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { Issue } from '../../src/config/issue.ts'
import { parseConfig } from '../../src/config/parse.ts'
import { printConfig } from '../../src/config/print.ts'
import { renderIssues } from '../../src/config/render.ts'
import { validateConfig } from '../../src/config/validate.ts'
import { FOREIGN } from '../../src/node/load-config.ts'
import { KNOWN_MAKERS, KNOWN_PLUGINS as plugins } from '../../src/plugins/known.ts'
import { fakeStaticKey } from './fake-static-key.ts'

const folder = new URL('samples/', import.meta.url)
const names = readdirSync(folder).filter((name) => !name.endsWith('.expected'))

const read = (path: string) => {
  return path === 'ta.key' ? { file: path, text: fakeStaticKey(1) } : { problem: 'no such file' }
}

const messagesOf = ({ issues }: { readonly issues: readonly Issue[] }) =>
  issues.map(({ message }) => message).toSorted()

test('there are at least forty samples', () => {
  expect(names.length).toBeGreaterThanOrEqual(40)
})

describe.each(names)('%s', (name) => {
  const text = readFileSync(new URL(name, folder), 'utf8')
  const parsed = parseConfig({ text, file: name }, { read, plugins, foreign: FOREIGN })

  test('reads as it did when somebody looked', async () => {
    const printed = parsed.config ? printConfig(parsed.config, { plugins }).text : 'no configuration\n'
    const ignored = parsed.ignored.map(({ name }) => name).join(' ')
    const seen = `${printed}\n# ignored: ${ignored}\n\n${renderIssues(parsed.issues)}\n`
    await expect(seen).toMatchFileSnapshot(`samples/${name.replace(/\.\w+$/, '.expected')}`)
  })

  test('prints and parses back to the same configuration, and prints the same again', () => {
    const { config, vault } = parsed
    if (!config) throw new Error('the sample did not parse')
    const { text, handles } = printConfig(config, { plugins })
    const again = parseConfig({ text, file: 'printed' }, { inlined: { vault, handles }, plugins, foreign: FOREIGN })
    // What is still said is no matter of spelling: who passes it as an object is told, too.
    expect(messagesOf(again)).toEqual(messagesOf(validateConfig(config, KNOWN_MAKERS)))
    expect(again.config).toEqual(config)
    expect(again.config && printConfig(again.config, { plugins })).toEqual({ text, handles })
  })
})
