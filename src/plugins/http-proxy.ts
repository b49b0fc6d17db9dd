/**
 * The plugin `http-proxy`: remotes over HTTP proxies, by `CONNECT` (R9). TCP only. Names are the proxy's to resolve.
 * Speaks HTTP/1 in the clear; a login is shown to its own proxy alone.
 */
import type { HopConfig } from '../config/schema.ts'
import { formatEndpoint } from '../endpoint.ts'
import { type Failure, failure } from '../failure.ts'
import { printable } from '../printable.ts'
import { HttpConnect } from './http-connect.ts'
import type { Credentials } from './http-login.ts'
import { LOGIN, NAME, OPTION, httpLines } from './http-proxy-lines.ts'
import { type HttpProxySettings, readSettings, settingProblems } from './http-proxy-settings.ts'
import { TWO_LOGINS, headerProblem, isLoginHeader, loginProblem, targetProblem } from './http-request.ts'
import { loginOf } from './login.ts'
import type { HopRequest, Negotiator } from './negotiator.ts'
import { asText, utf8Text } from './octets.ts'
import type { HopProblem, PluginModule, SocketPlugin, Way } from './plugin.ts'
import { isThisHost } from './this-host.ts'

export const httpProxy: PluginModule = {
  name: NAME,
  usage: '',
  directives: new Map([
    [
      NAME,
      {
        usage: 'host port [authfile|auto|auto-nct] [auto|auto-nct|none|basic|digest|ntlm|ntlm2]',
        inBlock: true,
        makes: 'hop',
      },
    ],
    [OPTION, { usage: 'VERSION|AGENT|CUSTOM-HEADER value [content]', inBlock: true, makes: 'option' }],
    [LOGIN, { usage: 'file', inBlock: true, makes: 'option' }],
  ]),
  hopLines: httpLines,
  create: () => plugin,
}

const plugin: SocketPlugin = { name: NAME, hops: { judge, negotiator } }

function judge(hop: HopConfig, way: Way): readonly HopProblem[] {
  return [
    ...settingProblems(hop).map((problem): HopProblem => ({ severity: 'error', ...problem })),
    ...wayProblems(way),
    ...loginProblems(hop, readSettings(hop), way),
  ]
}

function wayProblems({ transport, target, behind }: Way): readonly HopProblem[] {
  const problems: HopProblem[] = []
  if (transport === 'udp' && behind === 0) {
    const hint = 'use TCP for this remote, or a socks-proxy in version 5'
    problems.push({ severity: 'error', message: 'an HTTP proxy carries no datagrams', hint })
  }
  const problem = targetProblem(target.host)
  if (problem !== undefined)
    problems.push({ severity: 'error', message: `${printable(target.host)} cannot be reached through it: ${problem}` })
  return problems
}

function loginProblems({ host }: HopConfig, { login, auth }: HttpProxySettings, way: Way): readonly HopProblem[] {
  if (login === undefined) return []
  if (auth === 'none') {
    const message = 'the login is never given, since "none" is set'
    return [{ severity: 'warning', message, setting: 'auth' }]
  }
  if (auth === 'digest' || auth === 'ntlm' || auth === 'auto-nct') return []
  // A host behind another hop is none of ours, whatever its name.
  if (way.before === 0 && isThisHost(host)) return []
  const clear = `the user and the password go to ${host} in clear text, for everybody on the way to read`
  const message = auth === 'basic' ? clear : `if it offers nothing but Basic, ${clear}`
  return [{ severity: 'warning', message, hint: 'auto-nct, digest and ntlm never show them', setting: 'auth' }]
}

/** What was judged before is judged again: not every configuration has come through a check. */
function negotiator({ hop, target, transport, open, tools, mayQuote }: HopRequest): Negotiator | Failure {
  const proxy = `the HTTP proxy ${formatEndpoint({ address: hop.host, port: hop.port })}`
  const bad = (what: string): Failure => failure('BAD_HOP', 'negotiate', `${proxy} cannot be asked: ${what}`)
  const [problem] = settingProblems(hop)
  if (problem) return bad(problem.message)
  if (transport === 'udp') return bad('it carries no datagrams')
  const atTarget = targetProblem(target.host)
  if (atTarget !== undefined) return bad(`${printable(target.host)}: ${atTarget}`)
  const settings = readSettings(hop)
  const credentials = credentialsFrom(settings, open)
  if (typeof credentials === 'string') return bad(credentials)
  const headers = headersFrom(settings, open)
  if (typeof headers === 'string') return bad(headers)
  if (credentials && headers.some(isLoginHeader)) return bad(TWO_LOGINS)
  const agent = settings.agent === undefined ? undefined : utf8Text(settings.agent)
  return new HttpConnect({ proxy, target, version: settings.version, agent, headers, credentials, tools, mayQuote })
}

/** The login, if one is to be given, or what is wrong with it. */
function credentialsFrom(
  { login: handle, auth }: HttpProxySettings,
  open: HopRequest['open'],
): Credentials | string | undefined {
  if (handle === undefined || auth === 'none') return undefined
  const secret = open(handle)
  if (!secret) return 'its login is not in the vault'
  const login = loginOf(secret)
  if (!login) return 'its login is not a user and a password on two lines'
  return loginProblem(login, auth) ?? { ...login, method: auth }
}

/** The custom headers, or what is wrong with one. */
function headersFrom({ headers }: HttpProxySettings, open: HopRequest['open']): readonly string[] | string {
  const opened: string[] = []
  for (const handle of headers) {
    const secret = open(handle)
    if (!secret) return 'one of its headers is not in the vault'
    const header = asText(secret)
    const problem = headerProblem(header)
    if (problem !== undefined) return problem
    opened.push(header)
  }
  return opened
}
