import { expect, test } from 'vitest'
import { newIdentity } from '../../src/node/identity.ts'

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')

test('R5 each start has an instance id and cookies of its own; a path has one cookie, and no other path has it', () => {
  const [one, other] = [newIdentity(false), newIdentity(true)]
  const cookies = [one.cookieFor('a'), one.cookieFor('b'), other.cookieFor('a'), one.id, other.id].map(text)
  expect(new Set(cookies).size).toBe(5)
  for (const cookie of cookies) expect(cookie).toMatch(/^[0-9a-f]{16}$/)
  expect(text(one.cookieFor('a'))).toBe(cookies[0])
  expect([one.passive, other.passive]).toEqual([false, true])
})
