/**
 * A plugin for tests of the language. `relay host port [file]` makes a hop, `relay-login file` and `relay-word text` add to
 * it, `relay-start` is for the plugin itself. Hosts that end in `.fault` break a promise of the contract.
 */
import { INLINE } from '../../src/config/keys.ts'
import { readPort } from '../../src/config/quantities.ts'
import type { HopConfig } from '../../src/config/schema.ts'
import type { Value } from '../../src/config/source.ts'
import { word } from '../../src/config/written.ts'
import { failure } from '../../src/failure.ts'
import type { Desk, HopLine, HopOption, HopProblem, PluginModule, PrintedHop, Way } from '../../src/plugins/plugin.ts'
import { utf8 } from '../../src/utf8.ts'

export const RELAY: PluginModule = {
  name: 'relay',
  usage: '',
  directives: new Map([
    ['relay', { usage: 'host port [file]', inBlock: true, makes: 'hop' }],
    ['relay-login', { usage: 'file', inBlock: true, makes: 'option' }],
    ['relay-word', { usage: 'text', inBlock: true, makes: 'option' }],
    ['relay-start', { usage: 'how', inBlock: false }],
  ]),
  hopLines: { read, print },
  create: ({ directives: [start] }) => {
    if (start?.words[0] === 'badly') throw new Error('hunter2')
    return {
      name: 'relay',
      ...(start?.words[0] !== 'empty' && { hops: { judge, negotiator: () => failure('BAD_HOP', 'negotiate') } }),
    }
  },
}

/** One more, for chains of two kinds. */
export const TUBE: PluginModule = {
  name: 'tube',
  usage: '',
  directives: new Map([['tube', { usage: 'host', inBlock: true, makes: 'hop' }]]),
  hopLines: {
    read: ({ values: [host] }) => ({ kind: 'tube', host: host?.text ?? '', port: 7, settings: {} }),
    print: ({ host }) => ({ lines: [`tube ${host}`], handles: [] }),
  },
  create: () => ({ name: 'tube', hops: { judge: () => [], negotiator: () => failure('BAD_HOP', 'negotiate') } }),
}

/** One that cannot be used without being told something. */
export const PIPE: PluginModule = {
  ...TUBE,
  name: 'pipe',
  usage: 'size',
  directives: new Map([['pipe', { usage: 'host', inBlock: true, makes: 'hop' }]]),
}

function read({ values }: HopLine, options: readonly HopOption[], desk: Desk): HopConfig | undefined {
  const [host, written, file] = values as [Value, Value, Value?]
  if (host.text === 'throws.fault') throw new Error('hunter2')
  if (host.text === 'silent.fault') return undefined
  const port = readPort(written.text, 1)
  if (port.message !== undefined) {
    desk.report(written.at, { severity: 'error', code: 'value', message: port.message })
    return undefined
  }
  const words = options.filter(({ name }) => name === 'relay-word').map(({ values: [text] }) => (text as Value).text)
  const logins = options.filter(({ name }) => name === 'relay-login')
  const own = file && { values: [file] }
  const login = logins.findLast(({ stands }) => stands === 'below') ?? own ?? logins.at(-1)
  const handle = login && loginOf(login, desk)
  if (login && handle === undefined) return undefined
  const kind = host.text === 'kind.fault' ? 'other' : 'relay'
  const settings = { ...(handle !== undefined && { login: handle }), ...(words.length > 0 && { words }) }
  return { kind, host: host.text, port: host.text === 'port.fault' ? 0 : port.value, settings }
}

function loginOf({ body, values: [file] }: Pick<HopLine, 'body' | 'values'>, desk: Desk): string | undefined {
  if (body !== undefined) return desk.keep(utf8(body))
  if (file?.text === INLINE) return desk.inlined(file)
  const text = file && desk.read(file)
  return text === undefined ? undefined : desk.keep(utf8(text))
}

function print({ host, port, settings: { login, words = [] } }: HopConfig): PrintedHop {
  const handles = typeof login === 'string' ? [login] : []
  return {
    lines: [
      `relay ${word(host)} ${port}`,
      ...handles.map(() => `relay-login ${INLINE}`),
      ...[words].flat().map((text) => `relay-word ${word(text)}`),
    ],
    handles,
  }
}

function judge({ host, settings }: HopConfig, { transport, target, before, behind }: Way): readonly HopProblem[] {
  const problems: HopProblem[] = []
  if (host === 'judge.fault') throw new Error('hunter2')
  if (transport === 'udp') problems.push({ severity: 'error', message: 'a relay carries TCP only', hint: 'proto tcp' })
  if (target.host === 'nowhere.test')
    problems.push({
      severity: 'warning',
      message: `hop ${before + 1} of ${before + behind + 1} knows no ${target.host}`,
    })
  if (settings['words']?.includes('rude'))
    problems.push({ severity: 'error', message: 'such a word is not said', setting: 'words' })
  return problems
}
