/**
 * Hops of `http-proxy` as a configuration's text has them, in OpenVPN's words, and back:
 *
 *     http-proxy host port [authfile|auto|auto-nct] [auto|auto-nct|none|basic|digest|ntlm|ntlm2]
 *     http-proxy-option VERSION 1.0|1.1
 *     http-proxy-option AGENT text
 *     http-proxy-option CUSTOM-HEADER name [content]
 *     http-proxy-user-pass file
 *
 * The last may also be a block that holds the login itself. A custom header may be a secret: it goes to the vault, and
 * nothing quotes it.
 */
import { alternatives } from '../config/alternatives.ts'
import { unmapped } from '../config/host.ts'
import type { Place, Reading } from '../config/issue.ts'
import { INLINE } from '../config/keys.ts'
import { nearest } from '../config/nearest.ts'
import type { HopConfig } from '../config/schema.ts'
import type { Value } from '../config/source.ts'
import { readHost } from '../config/written-host.ts'
import { word } from '../config/written.ts'
import type { LoginMethod } from './http-login.ts'
import {
  HTTP_VERSIONS,
  MAX_CUSTOM_HEADERS,
  TWO_LOGINS,
  agentProblem,
  headerProblem,
  isLoginHeader,
  loginProblem,
} from './http-request.ts'
import { lastOf } from './last-of.ts'
import { loginAmong, readLogin } from './login-lines.ts'
import { octets, utf8Text } from './octets.ts'
import type { Desk, HopLine, HopLines, HopOption, PrintedHop } from './plugin.ts'
import { readHopPort } from './written-port.ts'

export const NAME = 'http-proxy'
export const OPTION = 'http-proxy-option'
export const LOGIN = 'http-proxy-user-pass'

export const httpLines: HopLines = { read, print }

/** OpenVPN knows two of NTLM, and means the second one by both since 2.7. */
const METHODS = ['none', 'basic', 'digest', 'ntlm', 'ntlm2'] as const
const AUTOMATIC = ['auto', 'auto-nct'] as const
const HEADER_FORMS = 'write: CUSTOM-HEADER name content, or CUSTOM-HEADER "name: content"'
/** An empty password has a line, too. */
const NO_SECOND_LINE = 'the second line is missing, which is the password'
/** The last two are OpenVPN's old names for the third. */
const TYPES = ['VERSION', 'AGENT', 'CUSTOM-HEADER', 'EXT1', 'EXT2'] as const

function read(line: HopLine, options: readonly HopOption[], desk: Desk): HopConfig | undefined {
  return new Reader(desk).read(line, options)
}

/** What is written once, or counts once. */
type Single = Value & Pick<HopOption, 'stands'>

class Reader {
  readonly #desk: Desk
  #isBroken = false
  #auth: LoginMethod | undefined
  #login: string | undefined
  readonly #single = new Map<'version' | 'agent', Single>()
  readonly #headers: string[] = []
  #loginHeader: Value | undefined

  constructor(desk: Desk) {
    this.#desk = desk
  }

  read({ values }: HopLine, options: readonly HopOption[]): HopConfig | undefined {
    const [host, port, credentials, method] = values as readonly [Value, Value, Value?, Value?]
    const read = { host: this.#take(host, readHost(host.text, NAME)), port: this.#take(port, readHopPort(port.text)) }
    const file = credentials && this.#readCredentials(credentials, method)
    const isLogin = ({ name }: HopOption) => name === LOGIN
    const login = loginAmong(file, options.filter(isLogin), this.#desk)
    if (login) this.#readLogin(login)
    for (const option of options) if (!isLogin(option)) this.#readTyped(option)
    const hasLogin = this.#login !== undefined && this.#auth !== 'none'
    if (this.#loginHeader && hasLogin) this.#error(this.#loginHeader.at, TWO_LOGINS)
    if (this.#isBroken || read.host === undefined || read.port === undefined) return undefined
    return { kind: NAME, host: unmapped(read.host), port: read.port, settings: this.#settings() }
  }

  #settings(): HopConfig['settings'] {
    const single = Array.from(this.#single, ([setting, { text }]) => [setting, text] as const)
    return {
      ...(this.#login !== undefined && { login: this.#login }),
      ...Object.fromEntries(single),
      ...(this.#auth && { auth: this.#auth }),
      ...(this.#headers.length > 0 && { headers: this.#headers }),
    }
  }

  /** The file with the login, if that is what it is. */
  #readCredentials(credentials: Value, method: Value | undefined): Value | undefined {
    const automatic = AUTOMATIC.find((word) => word === credentials.text)
    if (!automatic && METHODS.some((word) => word === credentials.text)) {
      const hint = `write auto ${credentials.text} where the login is told by ${LOGIN}`
      this.#error(credentials.at, 'the file with the login stands before the method', hint)
      return undefined
    }
    this.#auth = automatic
    if (method) this.#readMethod(method)
    return automatic ? undefined : credentials
  }

  // What is no method is not quoted: it may be the password of who took the file for the user.
  #readMethod({ text, at }: Value): void {
    // Of what is automatic there is one word; OpenVPN has it in place of the file.
    const methods = this.#auth ? METHODS : [...METHODS, ...AUTOMATIC]
    const method = methods.find((word) => word === text)
    if (!method) return this.#error(at, `expected ${alternatives(methods)}`, meant(text, methods))
    if (method === 'basic' && this.#auth === 'auto-nct') {
      return this.#error(at, '"auto-nct" rules out basic, which shows the password', 'leave out one of them')
    }
    this.#auth = method === 'ntlm2' ? 'ntlm' : method
  }

  #readLogin(written: Value | HopLine): void {
    const login = readLogin(written, this.#desk, (login, text) => {
      return text.includes('\n') ? loginProblem(login, this.#auth ?? 'auto') : NO_SECOND_LINE
    })
    // What is wrong with it has been said.
    this.#isBroken ||= login === undefined
    this.#login = login
  }

  #readTyped({ values, stands }: HopOption): void {
    const [first, second, more] = values as readonly [Value, Value, Value?]
    switch (TYPES.find((known) => known === first.text)) {
      case undefined:
        return this.#error(first.at, `expected ${alternatives(TYPES)}`, meant(first.text, TYPES))
      case 'VERSION':
        return this.#readSingle('version', { ...second, stands }, more, versionProblem)
      case 'AGENT':
        return this.#readSingle('agent', { ...second, stands }, more, agentProblem)
      default:
        return this.#readHeader(second, more)
    }
  }

  #readSingle(
    setting: 'version' | 'agent',
    value: Single,
    more: Value | undefined,
    problemOf: (text: string) => string | undefined,
  ): void {
    const problem = problemOf(value.text)
    if (more) this.#error(more.at, 'this is one value too many', 'put quotes around what belongs together')
    else if (problem !== undefined) this.#error(value.at, problem)
    else {
      const earlier = this.#single.get(setting)
      if (earlier) lastOf([earlier, value], `the ${setting}`, this.#desk)
      this.#single.set(setting, value)
    }
  }

  #readHeader(name: Value, content: Value | undefined): void {
    if (this.#headers.length === MAX_CUSTOM_HEADERS)
      return this.#error(name.at, `there are at most ${MAX_CUSTOM_HEADERS} headers`)
    if (name.text === INLINE && !content) {
      const handle = this.#desk.inlined(name)
      if (handle !== undefined) this.#headers.push(handle)
      else this.#error(name.at, 'the header itself is not here', HEADER_FORMS)
      return
    }
    const header = utf8Text(content ? `${name.text.replace(/:$/, '')}: ${content.text}` : name.text)
    const problem = headerProblem(header)
    if (problem !== undefined) return this.#error(name.at, problem, content ? undefined : HEADER_FORMS)
    if (isLoginHeader(header)) this.#loginHeader = name
    this.#headers.push(this.#desk.keep(octets(header)))
  }

  #take<T>({ at }: Value, reading: Reading<T>): T | undefined {
    if (reading.message === undefined) return reading.value
    this.#error(at, reading.message, reading.hint)
    return undefined
  }

  #error(at: Place, message: string, hint?: string): void {
    this.#isBroken = true
    this.#desk.report(at, { severity: 'error', code: 'value', message, hint })
  }
}

const versionProblem = (text: string): string | undefined =>
  HTTP_VERSIONS.some((version) => version === text) ? undefined : `expected ${alternatives(HTTP_VERSIONS)}`

function meant(text: string, words: readonly string[]): string | undefined {
  const near = nearest(text, words)
  return near === undefined ? undefined : `did you mean "${near}"?`
}

function print({ host, port, settings }: HopConfig): PrintedHop {
  const { login, auth, version, agent, headers } = settings
  const method = METHODS.find((word) => word === auth)
  const logins = typeof login === 'string' ? [login] : []
  const custom = typeof headers === 'object' ? headers : []
  // A method stands behind the login; where none is set, or `auto`, the login has a line of its own.
  const before = logins.length > 0 ? INLINE : 'auto'
  const behind = method ? ` ${before} ${method}` : typeof auth === 'string' ? ` ${auth}` : ''
  const lines = [
    `${NAME} ${word(host)} ${port}${behind}`,
    ...(method ? [] : logins.map(() => `${LOGIN} ${INLINE}`)),
    ...(typeof version === 'string' ? [`${OPTION} VERSION ${version}`] : []),
    ...(typeof agent === 'string' ? [`${OPTION} AGENT ${word(agent)}`] : []),
    ...custom.map(() => `${OPTION} CUSTOM-HEADER ${INLINE}`),
  ]
  return { lines, handles: [...logins, ...custom] }
}
