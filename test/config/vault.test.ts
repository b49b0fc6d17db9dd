import { format, inspect } from 'node:util'
import { expect, test } from 'vitest'
import { Vault } from '../../src/config/vault.ts'

test('a vault opens its own handles and nothing else', () => {
  const vault = new Vault()
  const [first, second] = [vault.add(Uint8Array.of(1)), vault.add(Uint8Array.of(2))]
  expect([first, second]).toEqual(['key:1', 'key:2'])
  expect(vault.open('key:1')).toEqual(Uint8Array.of(1))
  expect(vault.open('key:2')).toEqual(Uint8Array.of(2))
  for (const handle of ['key:0', 'key:3', 'key:01', 'key:-1', 'key:', '1', 'KEY:1', ' key:1'])
    expect(vault.open(handle)).toBeUndefined()
})

test('no way of showing a vault shows a byte', () => {
  const vault = new Vault()
  vault.add(new TextEncoder().encode('hunter2'))
  const shown = [
    JSON.stringify({ vault }),
    String(vault),
    inspect(vault, { showHidden: true, depth: 9 }),
    inspect({ deep: { vault } }),
    format('%s %o %O %j', vault, vault, vault, vault),
    JSON.stringify(Object.entries(vault)),
  ]
  expect(shown.slice(0, 4)).toEqual([
    '{"vault":"[redacted]"}',
    '[redacted]',
    'Vault [redacted]',
    '{ deep: { vault: Vault [redacted] } }',
  ])
  for (const text of shown) expect(text).not.toMatch(/hunter2|104|6875/)
})
