/** What a program passes, judged before anything is opened. Everything here throws a `ConfigError`. */
import { randomInt } from 'node:crypto'
import type { ClientConfig, ClientConfigInput, Config } from '../config/schema.ts'
import type { ServerConfig, ServerConfigInput } from '../config/server-schema.ts'
import { validateConfig } from '../config/validate.ts'
import { ConfigError } from './connect-error.ts'

export function clientConfig(input: ClientConfigInput): ClientConfig {
  const config = checked(input)
  return config.mode === 'client' ? config : refuse('mode', 'this is the configuration of a server: listen() takes it')
}

export function serverConfig(input: ServerConfigInput): ServerConfig {
  const config = checked(input)
  return config.mode === 'server' ? config : refuse('mode', 'this is the configuration of a client: connect() takes it')
}

/** Drawn at random where none is given. */
export function seedOf(seed = randomInt(2 ** 32)): number {
  if (Number.isInteger(seed) && seed >= 0 && seed < 2 ** 32) return seed
  return refuse('seed', `a seed is a whole number from 0 to ${2 ** 32 - 1}`)
}

/** ms that clients have to finish when a server closes. */
export function graceOf(grace = 30_000): number {
  return grace >= 0 && grace < Infinity ? grace : refuse('grace', 'a grace is a number of ms, 0 or more')
}

function checked(input: unknown): Config {
  const { config, issues } = validateConfig(input)
  if (!config) throw new ConfigError(issues)
  return config
}

function refuse(path: string, message: string): never {
  const place = { file: 'options', line: 0, column: 0, length: 0, path }
  throw new ConfigError([{ severity: 'error', code: 'value', message, ...place }])
}
