/**
 * XState has two builds, which differ in what they throw and warn of. Vitest loads the development one; what users run is
 * the production one. CI runs the whole suite on both: `NODE_ENV` chooses.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createActor, setup } from 'xstate'
import { expect, test, vi } from 'vitest'

const inProduction = process.env['NODE_ENV'] === 'production'

test('the build is the one that NODE_ENV asks for', () => {
  const warn = vi.spyOn(console, 'warn').mockImplementation(() => {})
  const actor = createActor(setup({}).createMachine({})).start()
  actor.stop()
  actor.send({ type: 'too late' })
  expect(warn).toHaveBeenCalledTimes(inProduction ? 0 : 1)
  warn.mockRestore()
})

test('CI takes the suite through both', () => {
  const lines = readFileSync(join(import.meta.dirname, '../../.ci/run'), 'utf8').split('\n')
  expect(lines).toEqual(expect.arrayContaining(['NODE_ENV=production npm run check', 'npm ci && npm test']))
})
