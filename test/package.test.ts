/**
 * The package as its users get it: packed, installed into an empty folder, and used there in plain Node, which loads
 * XState's production build (vitest loads the development one). It packs what `npm run build` made.
 */
import { execFile, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, test } from 'vitest'
import * as machines from '../machines/index.ts'
import * as core from '../src/index.ts'
import * as node from '../src/node/index.ts'
import * as sim from '../src/sim/index.ts'
import { everyScenario, story } from './scenarios/catalogue.ts'

const root = join(import.meta.dirname, '..')
const folder = mkdtempSync(join(tmpdir(), 'sockchart-package-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

// What vitest and npm set is theirs: a user's shell knows none of it.
const env = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !/^(?:NODE_|VITEST|npm_package)/.test(name)),
)

function npm(cwd: string, ...argv: string[]): string {
  const { status, stdout, stderr } = spawnSync('npm', argv, { cwd, env, encoding: 'utf8' })
  if (status !== 0) throw new Error(`npm ${argv.join(' ')}: ${stderr}`)
  return stdout
}

const NO_REGISTRY = /\b(?:ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ENOTCACHED)\b/

/** `false` where npm reaches no registry, and its cache does not have the dependencies. */
function install(): boolean {
  const tarball = npm(root, 'pack', '--ignore-scripts', '--silent', '--pack-destination', folder).trim()
  writeFileSync(join(folder, 'package.json'), '{ "private": true, "type": "module" }')
  const patience = ['--fetch-retries=1', '--fetch-retry-mintimeout=1000', '--fetch-retry-maxtimeout=1000']
  try {
    npm(folder, 'install', '--prefer-offline', '--no-audit', '--no-fund', ...patience, `./${tarball}`)
    return true
  } catch (error) {
    if (error instanceof Error && NO_REGISTRY.test(error.message)) return false
    throw error
  }
}

interface Told {
  readonly build: string
  readonly exports: Readonly<Record<string, readonly string[]>>
  readonly results: readonly (sim.ScenarioResult | sim.PeersResult)[]
}

interface Ended {
  readonly code: unknown
  readonly out: string
  readonly err: string
}

/** A process in the folder. */
const ran = (program: string, argv: readonly string[], input = '') =>
  new Promise<Ended>((resolve) => {
    const child = execFile(program, argv, { cwd: folder, env, maxBuffer: 2 ** 28 }, (error, out, err) =>
      resolve({ code: error?.code ?? 0, out, err }),
    )
    child.stdin?.end(input)
  })

const namesOf = (entries: Readonly<Record<string, object>>) =>
  Object.fromEntries(Object.entries(entries).map(([entry, exported]) => [entry, Object.keys(exported).toSorted()]))

const lastResult = ({ out }: Ended) => sim.ResultSchema.parse(JSON.parse(out.trimEnd().split('\n').at(-1) ?? ''))

const installed = install()
copyFileSync(new URL('./installed.mjs', import.meta.url), join(folder, 'installed.mjs'))
if (!installed) {
  console.warn('test/package.test.ts is skipped: npm reaches no registry to install the dependencies from')
  // Where every test is skipped, no hook runs.
  rmSync(folder, { recursive: true, force: true })
}

describe.skipIf(!installed).concurrent('the installed package', () => {
  const scenarios = everyScenario()
  const files = scenarios.map(({ name }) => readFileSync(join(root, `test/scenarios/${name}.json`), 'utf8'))

  test('has what was built and what a reader looks for, and nothing else', ({ expect }) => {
    const inside = readdirSync(join(folder, 'node_modules/sockchart'))
    expect(inside.toSorted()).toEqual(['CHANGELOG.md', 'LICENSE', 'README.md', 'dist', 'package.json'])
  })

  test.for([
    ['production', [], 'xstate.cjs.mjs'],
    ['development', ['--conditions=development'], 'xstate.development.cjs.mjs'],
  ] as const)(
    'has every export and gives every scenario its exact trace, on the %s build of XState',
    { timeout: 60_000 },
    async ([, conditions, build], { expect }) => {
      const { code, out, err } = await ran('node', [...conditions, 'installed.mjs'], JSON.stringify(files))
      expect({ code, err }).toEqual({ code: 0, err: '' })
      const told = JSON.parse(out) as Told
      expect(told.build).toBe(build)
      expect(told.exports).toEqual(namesOf({ core, machines, node, sim }))
      const traces = told.results.map((result) => story(result))
      expect(traces).toEqual(scenarios.map(({ outcome, trace }) => [outcome, ...trace]))
    },
  )

  test('its command checks, simulates and connects', { timeout: 60_000 }, async ({ expect }) => {
    const server = createServer((socket) => socket.on('error', () => {}).end('hello\n'))
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const { port } = server.address() as AddressInfo
    writeFileSync(join(folder, 'good.ovpn'), `client\nproto tcp\nremote 127.0.0.1 ${port}\n`)
    writeFileSync(join(folder, 'bad.ovpn'), 'client\nproto tpc\n')
    const scenario = join(root, 'test/scenarios', `${scenarios[0]?.name}.json`)

    const [checked, refused, simulated, connected] = await Promise.all([
      ran('npx', ['sockchart', 'check', 'good.ovpn']),
      ran('npx', ['sockchart', 'check', 'bad.ovpn']),
      ran('npx', ['sockchart', 'simulate', '--json', scenario]),
      ran('npx', ['sockchart', 'run', '--once', '--json', 'good.ovpn']),
    ])
    expect(checked).toMatchObject({ code: 0, out: 'good.ovpn: ok\n' })
    expect(refused).toMatchObject({ code: 1 })
    expect(refused.out).toContain('bad.ovpn:2:7: error[value]: "tpc" is no protocol')
    const { outcome, atMs } = lastResult(simulated)
    expect(`${outcome} at ${atMs} ms`).toBe(scenarios[0]?.outcome.replace(/ ms.*/, ' ms'))
    expect(connected.code).toBe(0)
    expect(lastResult(connected)).toMatchObject({ outcome: 'connected', winner: { candidate: { port } } })
    server.close()
  })
})
