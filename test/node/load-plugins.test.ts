import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { connect } from '../../src/node/connect.ts'
import { ConfigError } from '../../src/node/connect-error.ts'
import { loadConfig } from '../../src/node/load-config.ts'
import { type LoadedConfig, loadConfigWithPlugins } from '../../src/node/load-plugins.ts'
import { sockchart } from '../../src/node/cli/sockchart.ts'
import type { SocketPlugin } from '../../src/plugins/plugin.ts'
import { fakeIo } from './cli/fake-io.ts'

const RAFT = `
globalThis.raftsLoaded = (globalThis.raftsLoaded ?? 0) + 1
export default {
  name: 'raft',
  usage: '[size]',
  directives: new Map([
    ['raft', { usage: 'host port', inBlock: true, makes: 'hop' }],
    ['raft-log', { usage: '', inBlock: false }],
  ]),
  hopLines: {
    read: ({ values: [host, port] }) => ({ kind: 'raft', host: host.text, port: Number(port.text), settings: {} }),
    print: ({ host, port }) => ({ lines: ['raft ' + host + ' ' + port], handles: [] }),
  },
  create: ({ words, directives }) => {
    if (words[0] === 'leaky') throw new Error('hunter2')
    return { name: 'raft', words, directives, hops: { judge: () => [], negotiator: () => ({ code: 'BAD_HOP', stage: 'negotiate', message: 'sunk' }) } }
  },
}
`
const plain = (
  change: string,
) => `const sound = { name: 'some', usage: '', directives: new Map(), create: () => ({ name: 'some' }) }
export default { ...sound, ${change} }`

const MODULES: Readonly<Record<string, string>> = {
  'raft.mjs': RAFT,
  'raft-again.mjs': RAFT,
  'throws.mjs': 'throw new Error("no such luck\\nsecond line")',
  'endless.mjs': 'await new Promise(() => {})',
  'text.mjs': 'throw "a text"',
  'syntax.mjs': 'export default {',
  'missing.mjs': "import './gone.mjs'",
  'nothing.mjs': 'export const name = "raft"',
  'number.mjs': 'export default 5',
  'null.mjs': 'export default null',
  'name.mjs': plain('name: "Some!"'),
  'usage.mjs': plain('usage: undefined'),
  'object.mjs': plain('directives: {}'),
  'word.mjs': plain('directives: new Map([["two words", { usage: "", inBlock: true }]])'),
  'number-of.mjs': plain('directives: new Map([[5, { usage: "", inBlock: true }]])'),
  'usageless.mjs': plain('directives: new Map([["some", { inBlock: true }]])'),
  'blockless.mjs': plain('directives: new Map([["some", { usage: "" }]])'),
  'empty.mjs': plain('directives: new Map([["some", null]])'),
  'makes.mjs': plain('directives: new Map([["some", { usage: "", inBlock: true, makes: "love" }]])'),
  'create.mjs': plain('create: {}'),
  'lineless.mjs': plain('directives: new Map([["some", { usage: "", inBlock: true, makes: "hop" }]])'),
  'readless.mjs': plain(
    'directives: new Map([["some", { usage: "", inBlock: true, makes: "hop" }]]), hopLines: { print() {} }',
  ),
  'hopless.mjs': plain('directives: new Map([["some", { usage: "", inBlock: true, makes: "option" }]])'),
  'language.mjs': plain('directives: new Map([["remote", { usage: "", inBlock: true }]])'),
  'foreign.mjs': plain('directives: new Map([["http-proxy-retry", { usage: "", inBlock: true }]])'),
  'built-in.mjs': plain('directives: new Map([["socks-proxy", { usage: "", inBlock: true }]])'),
  'same-name.mjs': plain('name: "http-proxy"'),
}

let folder = ''
const path = (name: string) => join(folder, name)
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sockchart-plugins-'))
  for (const [name, text] of Object.entries(MODULES)) writeFileSync(path(name), text)
  writeFileSync(path('trusting.ovpn'), 'client\nproto tcp\nremote h\nsocket-plugin ./raft.mjs\nraft a.example 80\n')
  const inside = path('node_modules/raft-package')
  mkdirSync(inside, { recursive: true })
  writeFileSync(join(inside, 'package.json'), '{ "name": "raft-package", "type": "module", "exports": "./main.js" }')
  writeFileSync(join(inside, 'main.js'), RAFT)
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const CLIENT = '--client --proto tcp --remote h'
const load = (line: string): Promise<LoadedConfig> =>
  loadConfigWithPlugins(undefined, { argv: `${CLIENT} ${line}`.split(' ') })
const toldIn = ({ issues }: LoadedConfig) =>
  issues.map(({ message, hint }) => message.replaceAll(`${folder}/`, '') + (hint === undefined ? '' : ` | ${hint}`))

describe('R9 socket-plugin loads a module', () => {
  test('by its path; its directives are then known, and the plugin is made with what the configuration says', async () => {
    const loaded = await load(`--socket-plugin ${path('raft.mjs')} big --raft a.example 80 --raft-log`)
    expect(toldIn(loaded)).toEqual([])
    expect(loaded.config).toMatchObject({
      remotes: [{ hops: [{ kind: 'raft', host: 'a.example', port: 80, settings: {} }] }],
    })
    expect(loaded.socketPlugins).toMatchObject([
      { name: 'raft', words: ['big'], directives: [{ name: 'raft-log', words: [], block: null }] },
    ])
  })

  test('of a file that is trusted, beside it', async () => {
    const loaded = await loadConfigWithPlugins(path('trusting.ovpn'), { allowSocketPlugins: true })
    expect(loaded.config).toMatchObject({ remotes: [{ hops: [{ kind: 'raft' }] }] })
    expect(loaded.socketPlugins).toMatchObject([{ name: 'raft' }])
  })

  test('by the name of a package, from where it is named', async () => {
    const file = path('package.ovpn')
    writeFileSync(file, 'client\nproto tcp\nremote h\nsocket-plugin raft-package\nraft a.example 80\n')
    const loaded = await loadConfigWithPlugins(file, { allowSocketPlugins: true })
    expect(toldIn(loaded)).toEqual([])
    expect(loaded.socketPlugins).toMatchObject([{ name: 'raft' }])
  })

  test('never for a file that is not trusted, however it is asked for', async () => {
    const before = raftsLoaded()
    writeFileSync(path('other.ovpn'), `client\nremote h\nsocket-plugin ${path('raft.mjs')}?other\n`)
    const loaded = await loadConfigWithPlugins(path('other.ovpn'))
    expect(toldIn(loaded)).toEqual([
      'a file may not load socket plugins | it would run code; --allow-socket-plugins says that you trust the file',
    ])
    expect(raftsLoaded()).toBe(before)
  })

  test('a client that connects with it is told what it says', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const { config, socketPlugins } = await load(
      `--connect-retry-max 1 --socket-plugin ${path('raft.mjs')} --raft 127.0.0.1 ${port}`,
    )
    if (config?.mode !== 'client') throw new Error('no client')
    await expect(connect(config, { plugins: socketPlugins })).rejects.toThrow(
      /via raft .+: failed to negotiate with hop 1 after \d+ ms: sunk/,
    )
    server.close()
  })
})

const raftsLoaded = () => (globalThis as { raftsLoaded?: number }).raftsLoaded

const SHAPE = ' | export default { name, usage, directives, create }'

describe('R9 a module that cannot be used is an issue where it is named', () => {
  test.each<readonly [file: string, told: string]>([
    ['gone.mjs', 'there is no socket plugin "gone.mjs": there is no such file'],
    ['throws.mjs', 'the socket plugin "throws.mjs" failed when it was loaded: no such luck'],
    ['text.mjs', 'the socket plugin "text.mjs" failed when it was loaded: a text'],
    ['nothing.mjs', `"nothing.mjs" is no socket plugin: it has no default export${SHAPE}`],
    ['number.mjs', `"number.mjs" is no socket plugin: its default export is no object${SHAPE}`],
    ['null.mjs', `"null.mjs" is no socket plugin: its default export is no object${SHAPE}`],
    ['name.mjs', `"name.mjs" is no socket plugin: "name" is not of small letters, digits and "-"${SHAPE}`],
    ['usage.mjs', `"usage.mjs" is no socket plugin: "usage" is no text${SHAPE}`],
    ['object.mjs', `"object.mjs" is no socket plugin: "directives" is no Map${SHAPE}`],
    ...[
      'word.mjs "two words"',
      'number-of.mjs 5',
      'usageless.mjs "some"',
      'blockless.mjs "some"',
      'empty.mjs "some"',
      'makes.mjs "some"',
    ].map((each) => {
      const [file, word] = [each.slice(0, each.indexOf(' ')), each.slice(each.indexOf(' ') + 1)]
      const why = `"directives" has ${word}, which is not { usage, inBlock, makes? }`
      return [file, `"${file}" is no socket plugin: ${why}${SHAPE}`] as const
    }),
    ['create.mjs', `"create.mjs" is no socket plugin: "create" is no function${SHAPE}`],
    [
      'lineless.mjs',
      `"lineless.mjs" is no socket plugin: its directives make hops, and "hopLines" is not { read, print }${SHAPE}`,
    ],
    [
      'readless.mjs',
      `"readless.mjs" is no socket plugin: its directives make hops, and "hopLines" is not { read, print }${SHAPE}`,
    ],
    [
      'hopless.mjs',
      `"hopless.mjs" is no socket plugin: it has options of hops, and no directive that makes a hop${SHAPE}`,
    ],
    ['language.mjs', 'the socket plugin "language.mjs" has a directive "remote", which the language has, too'],
    ['foreign.mjs', 'the socket plugin "foreign.mjs" has a directive "http-proxy-retry", which the language has, too'],
    [
      'built-in.mjs',
      'the socket plugin "built-in.mjs" has a directive "socks-proxy", which the plugin "socks-proxy" has, too',
    ],
    ['same-name.mjs', 'the socket plugin "same-name.mjs" calls itself "http-proxy", as another one does'],
  ])('%s', async (file, told) => {
    const loaded = await load(`--socket-plugin ${path(file)}`)
    expect(toldIn(loaded)).toEqual([told])
    expect(loaded.config).toBeUndefined()
    expect(loaded.issues[0]).toMatchObject({ file: 'command line: --socket-plugin', column: 17, code: 'R9' })
  })

  test.each(['syntax.mjs', 'missing.mjs'])('%s', async (file) => {
    const [told, ...more] = toldIn(await load(`--socket-plugin ${path(file)}`))
    expect(told).toContain(`the socket plugin "${file}" failed when it was loaded: `)
    expect(more).toEqual([])
  })

  test.each([
    ['sockchart-no-such-package', ', and no package of that name'],
    ['no_such@package', ''],
    ['data:text/javascript,globalThis.raftsLoaded=99', ''],
  ])('%s', async (name, more) => {
    const hint = 'a module of your own is named by its path: socket-plugin ./NAME.mjs'
    expect(toldIn(await load(`--socket-plugin ${name}`))).toEqual([
      `there is no socket plugin "${name}"${more} | ${hint}`,
    ])
    expect(raftsLoaded()).not.toBe(99)
  })

  test('of two that are the same, the second is at fault', async () => {
    const line = `--socket-plugin ${path('raft.mjs')} --socket-plugin ${path('raft.mjs')} --socket-plugin ${path('raft-again.mjs')}`
    expect(toldIn(await load(line))).toEqual([
      'the plugin "raft" was loaded before; this time counts',
      'the socket plugin "raft-again.mjs" calls itself "raft", as another one does',
    ])
  })

  test('that throws when it is started: what was thrown is not told', async () => {
    const loaded = await load(`--socket-plugin ${path('raft.mjs')} leaky`)
    expect(toldIn(loaded)).toEqual(['the plugin "raft" failed when it was started'])
    expect(loaded).not.toHaveProperty('config')
    expect(JSON.stringify(loaded)).not.toContain('hunter2')
  })

  test('that is never ready: it is waited for, 10 s and no longer', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    try {
      const loading = load(`--socket-plugin ${path('endless.mjs')} --raft a.example 80`)
      await vi.advanceTimersByTimeAsync(9_999)
      expect(vi.getTimerCount()).toBe(1)
      await vi.advanceTimersByTimeAsync(1)
      const [{ message, file, column } = {}] = (await loading).issues
      expect(message).toMatch(/endless\.mjs" failed when it was loaded: it is not ready after 10 s$/)
      expect([file, column]).toEqual(['command line: --socket-plugin', 17])
      await load(`--socket-plugin ${path('number.mjs')}`)
      expect(vi.getTimerCount()).toBe(0)
    } finally {
      vi.useRealTimers()
    }
  })

  test.each(['plugins/raft.mjs', '@mine/raft.mjs'])('by a path without ./: %s', async (name) => {
    mkdirSync(join(path(name), '..'), { recursive: true })
    writeFileSync(path(name), RAFT)
    const file = path('near.ovpn')
    writeFileSync(file, `client\nremote h\nsocket-plugin ${name}\n`)
    expect(toldIn(await loadConfigWithPlugins(file, { allowSocketPlugins: true }))).toEqual([
      `there is no socket plugin "${name}", and no package of that name | the file of that name is: socket-plugin ./${name}`,
    ])
  })

  test('a program may have plugins of its own', async () => {
    const argv = `${CLIENT} --http-proxy a 80`.split(' ')
    const { issues } = await loadConfigWithPlugins(undefined, { argv, plugins: new Map() })
    expect(issues).toMatchObject([{ message: 'there is no directive "http-proxy"' }])
  })
})

test.each(['check', 'plan'])('R9 %s loads none: what it may change is said', async (command) => {
  const io = fakeIo()
  const before = raftsLoaded()
  const line = `${command} --client --remote 192.0.2.1 --socket-plugin ${path('raft.mjs')}?${command} --raft a.example 80`
  expect(await sockchart(line.split(' '), io)).toBe(command === 'check' ? 0 : 2)
  expect(io.stdout.text + io.stderr.text).toContain('is not loaded here: what it may change is not known')
  expect(raftsLoaded()).toBe(before)
})

describe('R9 the object form', () => {
  const told = async (hops: readonly object[], plugins: readonly SocketPlugin[] = []) => {
    const config = { remotes: [{ host: 'h', proto: 'tcp', hops }] }
    const error: unknown = await connect(config as never, { plugins }).catch((why: unknown) => why)
    return error instanceof ConfigError ? error.issues.map(({ path, message }) => `${path}: ${message}`) : error
  }

  test('an unknown kind is told with those that are known', async () => {
    const hop = { kind: 'http-proxy', host: 'a.example', port: 3128 }
    expect(await told([hop, { ...hop, kind: 'http' }])).toEqual([
      'remotes[0].hops[1].kind: there is no plugin "http" that makes hops; known: http-proxy, socks-proxy',
    ])
    const mine: SocketPlugin = { name: 'mine', hops: { judge: () => [], negotiator: () => ({}) as never } }
    expect(await told([{ ...hop, kind: 'http' }], [mine, { name: 'none' }])).toEqual([
      'remotes[0].hops[0].kind: there is no plugin "http" that makes hops; known: http-proxy, socks-proxy, mine',
    ])
  })

  test('its plugin judges a hop', async () => {
    const hop = { kind: 'socks-proxy', host: 'a.example', port: 1080, settings: { version: '6' } }
    expect(await told([hop])).toEqual(['remotes[0].hops[0].settings.version: expected the version 4 or 5'])
  })
})

test('what nobody loads is no plugin for loadConfig', () => {
  const { issues, unknownPlugins } = loadConfig(undefined, { argv: `${CLIENT} --socket-plugin ./raft.mjs`.split(' ') })
  expect(issues).toMatchObject([{ message: 'there is no socket plugin "./raft.mjs"' }])
  expect(unknownPlugins).toMatchObject([{ text: './raft.mjs' }])
})
