/**
 * XState has two builds, which differ in what they throw and warn of. Vitest loads the development one; what users run is
 * the production one. The properties are proved on both: here they run again, fewer of them, in a vitest of their own.
 */
import { spawnSync } from 'node:child_process'
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

test.skipIf(inProduction)('the properties hold on the production build', { timeout: 180_000 }, () => {
  const root = new URL('../..', import.meta.url).pathname
  const suites = ['client', 'abort', 'stale', 'xstate-build'].map((name) => `test/properties/${name}.test.ts`)
  const vitest = [
    'node_modules/vitest/vitest.mjs',
    'run',
    '--config',
    'test/vitest.config.ts',
    '--no-coverage',
    ...suites,
  ]
  const { status, stdout, stderr } = spawnSync(process.execPath, vitest, {
    cwd: root,
    encoding: 'utf8',
    env: { ...process.env, NODE_ENV: 'production', SOCKCHART_SCHEDULES: '1000' },
  })
  expect(status, stdout + stderr).toBe(0)
})
