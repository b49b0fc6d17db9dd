import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { DIRECTIVES, valuesOf } from '../../src/config/directives.ts'

const help = spawnSync('openvpn', ['--help'], { encoding: 'utf8' }).stdout ?? ''

test.skipIf(help === '')('every directive in the help of the installed openvpn is known, but those of proxies', () => {
  const names = [...help.matchAll(/^--([a-z][\w-]*)/gm)].flatMap(([, name]) => name ?? [])
  expect(names.length).toBeGreaterThan(150)
  const unknown = names.filter((name) => !DIRECTIVES.has(name) && name !== 'connection')
  expect(unknown.filter((name) => !/(?:http|socks)-proxy|query-proxy/.test(name))).toEqual([])
})

test('R9 the table knows no proxy', () => {
  expect([...DIRECTIVES.keys()].filter((name) => /http|socks|proxy/.test(name))).toEqual([])
})

test.each([
  ['', 0, 0],
  ['port', 1, 1],
  ['host [port] [proto]', 1, 3],
  ['name...', 1, Infinity],
])('the usage %j takes %d to %d values', (usage, min, max) => {
  expect(valuesOf(usage)).toEqual({ min, max })
})
