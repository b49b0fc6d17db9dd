/** The settings of a hop that is an HTTP proxy: read once, for who judges them and for who uses them. */
import { alternatives } from '../config/alternatives.ts'
import type { HopConfig } from '../config/schema.ts'
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

const NAMES = ['login', 'auth', 'version', 'agent', 'headers'] as const

/** Every problem is an error; with any of them the settings are not to be used. */
export function readSettings({ settings }: Pick<HopConfig, 'settings'>): {
  readonly settings: HttpProxySettings
  readonly problems: readonly SettingProblem[]
} {
  const given = new Map<string, Setting>(Object.entries(settings))
  const problems: SettingProblem[] = []
  const report = (setting: string, message: string, hint?: string) => problems.push({ setting, message, hint })

  for (const name of given.keys())
    if (!NAMES.some((known) => known === name))
      report(name, `there is no setting "${name}"`, `known: ${NAMES.join(', ')}`)

  const oneOf = <Word extends string>(name: string, words: readonly Word[], byDefault: Word): Word => {
    const value = given.get(name)
    const word = words.find((candidate) => candidate === value)
    if (value !== undefined && word === undefined) report(name, `expected ${alternatives(words)}`)
    return word ?? byDefault
  }
  const login = given.get('login')
  if (login !== undefined && !isHandle(login)) report('login', `expected ${A_HANDLE}`)
  const headers = given.get('headers')
  if (headers !== undefined && !(isList(headers) && headers.every(isHandle)))
    report('headers', `expected a list: ${A_HANDLE}, for each`)
  else if (headers && (headers.length === 0 || headers.length > MAX_CUSTOM_HEADERS))
    report('headers', `expected 1 to ${MAX_CUSTOM_HEADERS} headers`)
  const agent = given.get('agent')
  const atAgent = agent === undefined ? undefined : isList(agent) ? 'an agent is a text' : agentProblem(agent)
  if (atAgent !== undefined) report('agent', atAgent)

  const auth = oneOf('auth', LOGIN_METHODS, login === undefined ? 'none' : 'auto')
  if (auth !== 'none' && login === undefined) report('auth', `"${auth}" needs a login`, NO_LOGIN)
  const read = {
    login: typeof login === 'string' ? login : undefined,
    auth,
    version: oneOf('version', HTTP_VERSIONS, '1.1'),
    agent: typeof agent === 'string' ? agent : undefined,
    headers: headers !== undefined && isList(headers) ? headers : NO_HEADERS,
  }
  return { settings: read, problems }
}

const NO_HEADERS: readonly string[] = []
const A_HANDLE = 'the handle of a secret in a vault, like key:1'
const NO_LOGIN = 'in a text: http-proxy-user-pass FILE; in an object: login'

const isList = (setting: Setting): setting is readonly string[] => typeof setting !== 'string'
const isHandle = (setting: Setting): boolean => typeof setting === 'string' && /^key:\d+$/.test(setting)
