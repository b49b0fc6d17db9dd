/** What a program passes, judged before anything is opened. Everything here throws a `ConfigError`. */
import { randomInt } from 'node:crypto'
import type { ClientConfig, ClientConfigInput, Config } from '../config/schema.ts'
import type { HopMakers } from '../config/hop-conflicts.ts'
import type { PeerConfig, PeerConfigInput } from '../config/peer-schema.ts'
import type { ServerConfig, ServerConfigInput } from '../config/server-schema.ts'
import { validateConfig } from '../config/validate.ts'
import type { SocketPlugin } from '../plugins/plugin.ts'
import { ConfigError } from './connect-error.ts'
import { hopMakersOf } from './plugins/socket-plugins.ts'

/** Who takes the configuration of whom. */
const TAKERS = { client: 'client: connect()', server: 'server: listen()', p2p: 'peer: createPeer()' }

/** `plugins`: who makes hops besides those that are always there. */
export const clientConfig = (input: ClientConfigInput, plugins?: readonly SocketPlugin[]): ClientConfig =>
  checked(input, 'client', hopMakersOf(plugins))
export const serverConfig = (input: ServerConfigInput): ServerConfig => checked(input, 'server')
export const peerConfig = (input: PeerConfigInput): PeerConfig => checked(input, 'p2p')

/** Drawn at random where none is given. */
export function seedOf(seed = randomInt(2 ** 32)): number {
  if (Number.isInteger(seed) && seed >= 0 && seed < 2 ** 32) return seed
  return refuse('seed', `a seed is a whole number from 0 to ${2 ** 32 - 1}`)
}

/** ms that clients have to finish when a server closes. */
export function graceOf(grace = 30_000): number {
  return grace >= 0 && grace < Infinity ? grace : refuse('grace', 'a grace is a number of ms, 0 or more')
}

function checked<Mode extends Config['mode']>(
  input: unknown,
  mode: Mode,
  makers?: HopMakers,
): Extract<Config, { readonly mode: Mode }> {
  const { config, issues } = validateConfig(input, makers)
  if (!config) throw new ConfigError(issues)
  if (isOf(config, mode)) return config
  return refuse('mode', `this is the configuration of a ${TAKERS[config.mode]} takes it`)
}

const isOf = <Mode extends Config['mode']>(
  config: Config,
  mode: Mode,
): config is Extract<Config, { readonly mode: Mode }> => config.mode === mode

function refuse(path: string, message: string): never {
  const place = { file: 'options', line: 0, column: 0, length: 0, path }
  throw new ConfigError([{ severity: 'error', code: 'value', message, ...place }])
}
