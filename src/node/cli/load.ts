/** The configuration of a command: its file, then its directives. */
import type { Parsed } from '../../config/parse.ts'
import type { ClientConfig } from '../../config/schema.ts'
import type { ServerConfig } from '../../config/server-schema.ts'
import { loadConfig, titleOf } from '../load-config.ts'
import type { Arguments } from './arguments.ts'

/** Without errors. */
export type Loaded = ClientLoaded | ServerLoaded
export type ClientLoaded = Parsed & { readonly config: ClientConfig }
export type ServerLoaded = Parsed & { readonly config: ServerConfig }

export const isSound = (parsed: Parsed): parsed is Loaded => parsed.config !== undefined
export const isClients = (loaded: Loaded): loaded is ClientLoaded => loaded.config.mode === 'client'

export function load({ file, directives, options }: Arguments): Parsed {
  const { strict, allowIgnored, allowSocketPlugins } = options
  const parsed = loadConfig(file, { argv: directives, strict, allowIgnored, allowSocketPlugins, pipes: true })
  return parsed.config?.mode === 'p2p' ? refused(parsed) : parsed
}

function refused(parsed: Parsed): Parsed {
  const { issues, ignored, plugins, vault } = parsed
  const message = "this is a peer's configuration, and the command line does not know peers yet"
  const hint = 'add a line: client; or, to let clients in: mode server'
  const place = { file: 'configuration', line: 0, column: 0, length: 0 }
  return { issues: [...issues, { ...place, severity: 'error', code: 'mode', message, hint }], ignored, plugins, vault }
}

/** What the configuration is called. */
export const nameOf = ({ file }: Arguments): string => (file === undefined ? 'command line' : titleOf(file))
