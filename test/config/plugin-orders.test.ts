import { describe, expect, it } from 'vitest'
import { type ParseOptions, parseConfig } from '../../src/config/parse.ts'
import type { PluginModule } from '../../src/plugins/plugin.ts'

const RELAY: PluginModule = {
  name: 'relay',
  usage: '[speed]',
  directives: new Map([
    ['relay-through', { usage: 'host [port]', inBlock: true }],
    ['relay-log', { usage: '', inBlock: false }],
  ]),
  create: () => ({ name: 'relay' }),
}
const READY: PluginModule = { name: 'ready', usage: '', directives: new Map(), create: () => ({ name: 'ready' }) }
const NEEDY: PluginModule = {
  name: 'needy',
  usage: 'key',
  directives: new Map([['needy-log', { usage: '', inBlock: false }]]),
  create: () => ({ name: 'needy' }),
}
const plugins = new Map([RELAY, READY, NEEDY].map((manifest) => [manifest.name, manifest]))

function read(lines: string, options: ParseOptions = {}) {
  const source = { text: `mode server\n${lines}\n`, file: 'server.conf' }
  const parsed = parseConfig(source, { plugins, allowSocketPlugins: true, ...options })
  const told = parsed.issues.map(({ line, severity, code, message, hint }) => {
    return `${line} ${severity}[${code}] ${message}${hint === undefined ? '' : ` | ${hint}`}`
  })
  return { isSound: parsed.config !== undefined, plugins: parsed.plugins, told }
}

describe('socket-plugin', () => {
  it('R9 keeps the words of a plugin and of its directives as they were written, in the order in which they count', () => {
    const lines =
      'relay-through "a b" 1\nsocket-plugin ready\nsocket-plugin relay fast\n<listen>\nrelay-through c\n</listen>'
    expect(read(lines, { argv: ['--relay-log'] })).toEqual({
      isSound: true,
      told: [],
      plugins: [
        { name: 'ready', words: [], directives: [] },
        {
          name: 'relay',
          words: ['fast'],
          directives: [
            { name: 'relay-through', words: ['a b', '1'], block: null },
            { name: 'relay-through', words: ['c'], block: 0 },
            { name: 'relay-log', words: [], block: null },
          ],
        },
      ],
    })
  })

  it('R9 the command line may load one, a file only when it is trusted', () => {
    const argv = ['--socket-plugin', 'ready']
    expect(read('', { argv, allowSocketPlugins: false })).toMatchObject({ isSound: true, plugins: [{ name: 'ready' }] })
    const hint = 'it would run code; --allow-socket-plugins says that you trust the file'
    expect(read('socket-plugin ready', { allowSocketPlugins: false })).toEqual({
      isSound: false,
      plugins: [],
      told: [`2 error[R9] a file may not load socket plugins | ${hint}`],
    })
    const allowed = { allowSocketPlugins: false, allowIgnored: ['socket-plugin'] }
    expect(read('socket-plugin ready', allowed)).toEqual({ isSound: true, plugins: [], told: [] })
  })

  it('R9 a directive of a known plugin loads it', () => {
    const directives = [{ name: 'relay-through', words: ['a'], block: null }]
    expect(read('relay-through a')).toEqual({
      isSound: true,
      told: [],
      plugins: [{ name: 'relay', words: [], directives }],
    })
  })

  it('R9 what is not loaded may know what nobody knows here: that is said, and no more', () => {
    const absence = ({ text }: { readonly text: string }) =>
      ({ severity: 'warning', code: 'R9', message: `"${text}" is not loaded` }) as const
    expect(read('socket-plugin ./far.mjs\nfar-through a', { absence })).toEqual({
      isSound: true,
      plugins: [],
      told: [
        '2 warning[R9] "./far.mjs" is not loaded',
        '3 warning[R9] this is no directive here; the plugin "./far.mjs", which is not loaded, may have it',
      ],
    })
  })

  it('R9 what makes no hops has no effect in a client, and a peer loads none', () => {
    const told = (text: string) =>
      parseConfig({ text, file: 'x' }, { plugins, allowSocketPlugins: true }).issues.map(({ message }) => message)
    expect(told('client\nremote h\nsocket-plugin ready')).toEqual([
      'the plugin "ready" has no effect: it makes no hops, and this is a client\'s configuration',
    ])
    expect(told('mode p2p\nremote 192.0.2.1\nsocket-plugin ready')).toEqual([
      '"socket-plugin" is for clients, and this is a peer\'s configuration',
    ])
  })

  it('R9 loaded twice: the last time counts', () => {
    const { plugins, told } = read('socket-plugin relay slow\nsocket-plugin ready\nsocket-plugin relay fast')
    expect(plugins.map(({ name, words }) => [name, ...words])).toEqual([['ready'], ['relay', 'fast']])
    expect(told).toEqual(['4 note[repeated] the plugin "relay" was loaded before; this time counts'])
  })

  it.each([
    ['socket-plugin magic', '2 error[R9] there is no socket plugin "magic" | known: relay, ready, needy'],
    ['socket-plugin', '2 error[arity] "socket-plugin" needs one value | socket-plugin name...'],
    ['socket-plugin ready now', '2 error[arity] more than the plugin "ready" takes | socket-plugin ready'],
    ['socket-plugin needy', '2 error[arity] the plugin "needy" needs more | socket-plugin needy key'],
    ['needy-log', '2 error[arity] the plugin "needy" needs more | socket-plugin needy key'],
    ['socket-plugin relay\nrelay-log yes', '3 error[arity] "relay-log" takes no value'],
    [
      '<listen>\nsocket-plugin ready\n</listen>',
      '3 error[scope] "socket-plugin" cannot stand in a <listen> block | write it outside of the block; it is then true for all',
    ],
    [
      'socket-plugin relay\n<listen>\nrelay-log\n</listen>',
      '4 error[scope] "relay-log" cannot stand in a <listen> block | write it outside of the block; it is then true for all',
    ],
    [
      'socket-plugin relay\nrelay-thru a',
      '3 error[unknown] there is no directive "relay-thru" | did you mean "relay-through"?',
    ],
  ])('R9 %j is an error', (lines, issue) => {
    expect(read(lines)).toMatchObject({ isSound: false, told: [issue] })
  })

  it('R9 where there are no plugins at all, none is listed', () => {
    const { told } = read('socket-plugin magic', { plugins: undefined })
    expect(told).toEqual(['2 error[R9] there is no socket plugin "magic"'])
  })
})
