/** The settings of a hop that is an HTTP proxy: what may stand in them, and what they mean. */
import { alternatives } from '../config/alternatives.ts'
import type { HopConfig } from '../config/schema.ts'
import { isHandle as isKeptSecret } from '../config/vault.ts'
import { LOGIN_METHODS, type LoginMethod } from './http-login.ts'
import { HTTP_VERSIONS, type HttpVersion, MAX_CUSTOM_HEADERS, agentProblem } from './http-request.ts'

export interface HttpProxySettings {
  /** A handle. */
  readonly login: string | undefined
  readonly auth: LoginMethod
  readonly version: HttpVersion
  readonly agent: string | undefined
  /** Handles. */
  readonly headers: readonly string[]
}

export interface SettingProblem {
  readonly setting: string
  readonly message: string
  readonly hint?: string | undefined
}

type Setting = HopConfig['settings'][string]

/** What is wrong with each of them. */
const SETTINGS: ReadonlyMap<string, (setting: Setting) => string | undefined> = new Map([
  ['login', (login) => (isHandle(login) ? undefined : `expected ${A_HANDLE}`)],
  ['auth', (auth) => expect(LOGIN_METHODS, auth)],
  ['version', (version) => expect(HTTP_VERSIONS, version)],
  ['agent', (agent) => (typeof agent === 'string' ? agentProblem(agent) : 'an agent is a text')],
  ['headers', headersProblem],
])

/** Every problem is an error; with any of them the settings are not to be used. */
export function settingProblems({ settings }: Pick<HopConfig, 'settings'>): readonly SettingProblem[] {
  const problems = Object.entries(settings).flatMap(([setting, value]): SettingProblem[] => {
    const problemOf = SETTINGS.get(setting)
    const known = `known: ${[...SETTINGS.keys()].join(', ')}`
    if (!problemOf) return [{ setting, message: `there is no setting "${setting}"`, hint: known }]
    const message = problemOf(value)
    return message === undefined ? [] : [{ setting, message }]
  })
  const { auth } = readSettings({ settings })
  if (auth === 'none' || settings['login'] !== undefined) return problems
  return [...problems, { setting: 'auth', message: `"${auth}" needs a login`, hint: NO_LOGIN }]
}

/** The settings as they are meant, each by its default where it is none. */
export function readSettings({ settings }: Pick<HopConfig, 'settings'>): HttpProxySettings {
  const { login, auth, version, agent, headers } = settings
  return {
    login: typeof login === 'string' ? login : undefined,
    auth: LOGIN_METHODS.find((method) => method === auth) ?? (login === undefined ? 'none' : 'auto'),
    version: HTTP_VERSIONS.find((known) => known === version) ?? '1.1',
    agent: typeof agent === 'string' ? agent : undefined,
    headers: typeof headers === 'object' ? headers : [],
  }
}

const A_HANDLE = 'the handle of a secret in a vault, like key:1'
const NO_LOGIN = 'in a text: http-proxy-user-pass FILE; in an object: login'

const isHandle = (setting: Setting): boolean => typeof setting === 'string' && isKeptSecret(setting)

const expect = (words: readonly string[], setting: Setting): string | undefined =>
  words.some((word) => word === setting) ? undefined : `expected ${alternatives(words)}`

function headersProblem(headers: Setting): string | undefined {
  if (typeof headers === 'string' || !headers.every(isHandle)) return `expected a list: ${A_HANDLE}, for each`
  const isFit = headers.length > 0 && headers.length <= MAX_CUSTOM_HEADERS
  return isFit ? undefined : `expected 1 to ${MAX_CUSTOM_HEADERS} headers`
}
