import { expect, test } from 'vitest'
import { DIRECTIVES } from '../../src/config/directives.ts'
import { nearest } from '../../src/config/nearest.ts'

test.each([
  ['remtoe', 'remote'],
  ['remot', 'remote'],
  ['remotee', 'remote'],
  ['prot', 'proto'],
  ['no-bind', 'nobind'],
  ['conect-timeout', 'connect-timeout'],
  ['ipv5', 'ipv4'],
  ['tls_auth', 'tls-auth'],
  ['xyzzy', undefined],
  ['q', undefined],
  ['', undefined],
])('%j is near %j', (word, name) => {
  expect(nearest(word, DIRECTIVES.keys())).toBe(name)
})
