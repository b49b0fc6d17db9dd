import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { parseConfig } from '../src/config/parse.ts'
import { IMPLIED } from '../src/config/policy.ts'
import { KNOWN_PLUGINS } from '../src/plugins/known.ts'
import { runScenario } from '../src/sim/run-scenario.ts'
import { sockchart } from '../src/node/cli/sockchart.ts'
import { isClients, isPeers, parseScenario } from '../src/sim/scenario.ts'
import { fakeIo } from './node/cli/fake-io.ts'

const read = (path: string) => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8')
const readme = read('README.md')
const blocks = (language: string) =>
  [...readme.matchAll(new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``, 'g'))].map(([, body = '']) => body)

describe('the README is a promise', () => {
  it('its commands are the ones that CI calls', () => {
    const commands = blocks('sh')[0]?.trim().split('\n') ?? []
    expect(commands).toEqual(['npm ci && npm start', 'npm ci && npm test'])
    for (const command of commands) expect(read('.ci/run').split('\n')).toContain(command)
  })

  it('its examples are the files that are tested', () => {
    expect(blocks('ts')).toEqual(
      ['connect', 'file', 'listen', 'peer', 'machines', 'proxy'].map((name) => read(`examples/${name}.ts`)),
    )
    expect(blocks('js')).toEqual([read('examples/line-proxy.mjs')])
  })

  it('its configuration over proxies is understood', () => {
    const read = (file: string) => ({ file, text: 'user\npassword\n' })
    const { config, issues } = parseConfig(
      { text: blocks('conf')[0] ?? '', file: 'README' },
      { plugins: KNOWN_PLUGINS, read },
    )
    expect(config).toMatchObject({ remotes: [{ hops: [{ kind: 'http-proxy' }, { kind: 'socks-proxy' }] }] })
    expect(issues.map(({ severity }) => severity)).toEqual(['warning'])
  })

  it('its table of directives for proxies is what their plugins register', () => {
    const rows = [...readme.matchAll(/^\| `((?:http|socks)-proxy[\w-]*)/gm)].map(([, name = '']) => name)
    const registered = [...KNOWN_PLUGINS.values()].flatMap(({ directives }) => [...directives.keys()])
    expect(new Set(rows)).toEqual(new Set(registered))
  })

  it('its command for a server binds, and says where', async () => {
    const [, line = ''] = /`sockchart (run --mode server [^`]+)`/.exec(readme) ?? []
    const io = fakeIo()
    expect(await sockchart([...line.replace('1194', '0').split(' '), '--once'], io)).toBe(0)
    expect(io.stderr.text).toMatch(/bound to udp 0\.0\.0\.0:\d+/)
  })

  it('its table of what a configuration of a peer implies is the table of the parser', () => {
    const rows = [...readme.matchAll(/^\| `proto ([a-z-]+)`[^|]*\| (\w+) +\|[^|]+\| ([^|]+)\|$/gm)]
    const table = rows.map(([, word, sockets, tried = '']) => [word, { sockets, waits: tried.startsWith('nobody') }])
    expect(Object.fromEntries(table)).toEqual(IMPLIED)
  })

  it('its commands for two peers meet', async () => {
    const [, first = '', second = ''] =
      /`sockchart (run --proto udp-server[^`]+)`[^`]+`sockchart (run [^`]+)`/.exec(readme) ?? []
    const [waits, dials] = [fakeIo(), fakeIo()]
    const isMet = sockchart([...first.replace('--port 1194', '--lport 0').split(' '), '--once'], waits)
    await waits.stderr.until('bound to udp 0.0.0.0:')
    const [, port = ''] = /bound to udp 0\.0\.0\.0:(\d+)/.exec(waits.stderr.text) ?? []
    const line = second.replace('HOST 1194', `127.0.0.1 ${port}`)
    expect(await sockchart([...line.split(' '), '--once'], dials)).toBe(0)
    expect(await isMet).toBe(0)
  })

  it('its scenario connects, is killed, and comes back', () => {
    const parsed = parseScenario(JSON.parse(blocks('json')[0] ?? ''))
    if (!('scenario' in parsed) || !isClients(parsed.scenario)) throw new Error(JSON.stringify(parsed))
    const { trace, outcome } = runScenario(parsed.scenario)
    expect(outcome).toBe('connected')
    const turns = trace.flatMap((line) => / (won|lost)\b/.exec(line)?.[1] ?? [])
    expect(turns).toEqual(['won', 'lost', 'won'])
  })

  it('its peers meet through the NAT, talk, and meet again', () => {
    const parsed = parseScenario(JSON.parse(blocks('json')[1] ?? ''))
    if (!('scenario' in parsed) || !isPeers(parsed.scenario)) throw new Error(JSON.stringify(parsed))
    const { a, b } = runScenario(parsed.scenario).peers
    const turns = ({ trace }: typeof a) => trace.flatMap((line) => / (won|lost|stopped)\b/.exec(line)?.[1] ?? [])
    expect(turns(a)).toEqual(['won', 'lost', 'won'])
    expect(turns(b)).toEqual(['won', 'stopped', 'stopped', 'won'])
    expect(b.inbox).toEqual([{ atMs: 5040, text: 'hello' }])
  })

  it('every dependency has its line, and no other has', () => {
    const { dependencies } = JSON.parse(read('package.json')) as { dependencies: Record<string, string> }
    const rows = [...readme.matchAll(/^\| `([a-z\d.-]+)` +\| [^|]+\|$/gm)].map(([, name]) => name)
    for (const name of Object.keys(dependencies)) expect(rows).toContain(name)
  })

  it('every kind of trace line is listed', () => {
    const kinds = [...read('src/trace.ts').matchAll(/case '([a-z.]+)':/g)].map(([, kind = '']) => kind)
    expect(kinds.length).toBeGreaterThan(15)
    for (const kind of kinds) {
      const [noun = '', verb = ''] = kind.split('.')
      const words = kind === 'candidate.skipped' ? ['skipped'] : noun === 'backoff' ? ['backoff'] : [noun, verb]
      const listed = readme.split('\n').filter((line) => line.startsWith('| `'))
      expect(
        listed.some((line) => words.every((word) => line.includes(word))),
        kind,
      ).toBe(true)
    }
  })
})
