/**
 * The plugin `socks-proxy` (R9): a remote is reached over a SOCKS proxy, version 5 or 4. Settings of a hop: `login`, the
 * handle of a user and a password (`login.ts`; in version 4 a user alone), and `version`, 5 without it.
 */
import type { HopConfig } from '../config/schema.ts'
import { formatEndpoint } from '../endpoint.ts'
import { type Failure, failure } from '../failure.ts'
import { printable } from '../printable.ts'
import { type Login, loginOf } from './login.ts'
import type { HopRequest, Negotiator } from './negotiator.ts'
import type { HopProblem, PluginModule, SocketPlugin, Way } from './plugin.ts'
import { type SocksVersion, loginProblem, targetProblem } from './socks-limits.ts'
import { LOGIN, NAME, OPTION, socksLines } from './socks-proxy-lines.ts'
import { socks4 } from './socks4.ts'
import { socks5 } from './socks5.ts'
import { isThisHost } from './this-host.ts'

export const socksProxy: PluginModule = {
  name: NAME,
  usage: '',
  directives: new Map([
    [NAME, { usage: 'host [port] [authfile]', inBlock: true, makes: 'hop' }],
    [OPTION, { usage: 'VERSION 4|4a|5', inBlock: true, makes: 'option' }],
    [LOGIN, { usage: 'file', inBlock: true, makes: 'option' }],
  ]),
  hopLines: socksLines,
  create: () => plugin,
}

const plugin: SocketPlugin = { name: NAME, hops: { judge, negotiator } }

const versionOf = ({ settings }: HopConfig): SocksVersion => (settings['version'] === '4' ? '4' : '5')

function judge(hop: HopConfig, way: Way): readonly HopProblem[] {
  return [...settingProblems(hop), ...wayProblems(versionOf(hop), way), ...clearText(hop, way)]
}

function settingProblems({ settings: { login, version, ...unknown } }: HopConfig): readonly HopProblem[] {
  const problems = Object.keys(unknown).map((name) =>
    error(`there is no setting "${printable(name)}"`, 'known: login, version', name),
  )
  if (version !== undefined && version !== '4' && version !== '5')
    problems.push(error('expected the version 4 or 5', '4 includes 4a: names are resolved by the proxy', 'version'))
  if (login !== undefined && (typeof login !== 'string' || !/^key:\d+$/.test(login)))
    problems.push(
      error('expected the handle of a login in a vault', 'keep it with vault.add(bytes of "user\\npassword")', 'login'),
    )
  return problems
}

function wayProblems(version: SocksVersion, { transport, target, before, behind }: Way): readonly HopProblem[] {
  const problems: HopProblem[] = []
  const isRelayed = transport === 'udp' && behind === 0
  if (isRelayed && version === '4')
    problems.push(error('SOCKS4 carries no datagrams', 'use version 5, or TCP', 'version'))
  if (isRelayed && before > 0)
    problems.push(
      error(
        'its relay for datagrams could not be reached through the hop before',
        'let it be the only hop, or use TCP',
      ),
    )
  const problem = targetProblem(target.host, version)
  if (problem !== undefined) problems.push(error(`${printable(target.host)} cannot be reached through it: ${problem}`))
  return problems
}

/** SOCKS4 sends a user, which is no secret. Behind another hop `localhost` is not this one. */
function clearText(hop: HopConfig, { before }: Way): readonly HopProblem[] {
  const isHere = before === 0 && isThisHost(hop.host)
  if (hop.settings['login'] === undefined || versionOf(hop) === '4' || isHere) return []
  const message = `the user and the password go to ${hop.host} in clear text, for everybody on the way to read`
  return [{ severity: 'warning', message, setting: 'login' }]
}

const error = (message: string, hint?: string, setting?: string): HopProblem => ({
  severity: 'error',
  message,
  hint,
  setting,
})

function negotiator({ hop, target, transport, open, mayQuote }: HopRequest): Negotiator | Failure {
  const version = versionOf(hop)
  const proxy = `the SOCKS proxy ${formatEndpoint({ address: hop.host, port: hop.port })}`
  const bad = (what: string): Failure => failure('BAD_HOP', 'negotiate', `${proxy} cannot be asked: ${what}`)
  const problem = targetProblem(target.host, version)
  if (problem !== undefined) return bad(`${printable(target.host)}: ${problem}`)
  const login = loginFor(hop, version, open)
  if (typeof login === 'string') return bad(login)
  if (version === '5') return socks5({ proxy, target, transport, login, mayQuote })
  return transport === 'tcp'
    ? socks4({ proxy, target, user: login?.user, mayQuote })
    : bad('SOCKS4 carries no datagrams')
}

/** The login, if there is one, or what is wrong with it. */
function loginFor(
  { settings }: HopConfig,
  version: SocksVersion,
  open: HopRequest['open'],
): Login | string | undefined {
  const handle = settings['login']
  if (handle === undefined) return undefined
  const secret = typeof handle === 'string' ? open(handle) : undefined
  if (!secret) return 'its login is not in the vault'
  const login = loginOf(secret)
  if (!login) return 'its login is not a user and a password on two lines'
  return loginProblem(login, version) ?? login
}
