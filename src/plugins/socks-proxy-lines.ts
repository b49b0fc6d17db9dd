/**
 * Hops of `socks-proxy` as a configuration's text has them, and back:
 *
 *     socks-proxy host [port] [authfile]
 *     socks-proxy-option VERSION 4|4a|5
 *     socks-proxy-user-pass file
 *
 * The last may also be a block that holds the login itself.
 */
import { unmapped } from '../config/host.ts'
import type { Reading } from '../config/issue.ts'
import { INLINE } from '../config/keys.ts'
import type { HopConfig } from '../config/schema.ts'
import type { Value } from '../config/source.ts'
import { readHost } from '../config/written-host.ts'
import { word } from '../config/written.ts'
import { lastOf } from './last-of.ts'
import { loginAmong, readLogin } from './login-lines.ts'
import type { Desk, HopLine, HopLines, HopOption, PrintedHop } from './plugin.ts'
import { type SocksVersion, loginProblem } from './socks-limits.ts'
import { readHopPort } from './written-port.ts'

export const NAME = 'socks-proxy'
export const OPTION = 'socks-proxy-option'
export const LOGIN = 'socks-proxy-user-pass'

/** OpenVPN's. */
const DEFAULT_PORT = 1080

export const socksLines: HopLines = { read, print }

function read({ values }: HopLine, options: readonly HopOption[], desk: Desk): HopConfig | undefined {
  const [written, port, authfile] = values as readonly [Value, ...Value[]]
  const host = take(written, readHost(written.text, NAME), desk)
  const number = port ? take(port, readHopPort(port.text), desk) : DEFAULT_PORT
  const settings = readSettings(authfile, options, desk)
  if (host === undefined || number === undefined || settings === undefined) return undefined
  return { kind: NAME, host: unmapped(host), port: number, settings }
}

function readSettings(
  authfile: Value | undefined,
  options: readonly HopOption[],
  desk: Desk,
): HopConfig['settings'] | undefined {
  const named = (name: string) => options.filter((option) => option.name === name)
  const option = lastOf(named(OPTION), `"${OPTION}"`, desk)
  const version = option && readVersion(option, desk)
  // What may stand in a login depends on it.
  if (option && !version) return undefined
  const written = loginAmong(authfile, named(LOGIN), desk)
  const login = written && readLogin(written, desk, (login) => loginProblem(login, version ?? '5'))
  if (written && !login) return undefined
  return { ...(version && { version }), ...(login && { login }) }
}

function readVersion({ values }: HopLine, desk: Desk): SocksVersion | undefined {
  const [type, version] = values as readonly [Value, Value]
  if (type.text !== 'VERSION') return take(type, { message: 'expected VERSION' }, desk)
  const value = VERSIONS.get(version.text)
  return take(version, value ? { value } : { message: 'expected 4, 4a or 5' }, desk)
}

// Names are resolved by the proxy or not at all, so 4 and 4a are one.
const VERSIONS: ReadonlyMap<string, SocksVersion> = new Map([
  ['4', '4'],
  ['4a', '4'],
  ['5', '5'],
])

/** What was read; what could not be is reported, and `undefined`. */
function take<T>({ at }: Value, reading: Reading<T>, desk: Desk): T | undefined {
  if (reading.message === undefined) return reading.value
  const { code = 'value', message, hint } = reading
  desk.report(at, { severity: 'error', code, message, hint })
  return undefined
}

function print({ host, port, settings: { version, login } }: HopConfig): PrintedHop {
  const handles = typeof login === 'string' ? [login] : []
  const lines = [
    `${NAME} ${word(host)} ${port}`,
    ...(typeof version === 'string' ? [`${OPTION} VERSION ${version}`] : []),
    ...handles.map(() => `${LOGIN} ${INLINE}`),
  ]
  return { lines, handles }
}
