/** The configuration of a command: its file, then its directives. */
import type { Parsed } from '../../config/parse.ts'
import type { PeerConfig } from '../../config/peer-schema.ts'
import type { ClientConfig } from '../../config/schema.ts'
import type { ServerConfig } from '../../config/server-schema.ts'
import { loadConfig, titleOf } from '../load-config.ts'
import type { Arguments } from './arguments.ts'

/** Without errors. */
export type Loaded = ClientLoaded | ServerLoaded | PeerLoaded
export type ClientLoaded = Parsed & { readonly config: ClientConfig }
export type ServerLoaded = Parsed & { readonly config: ServerConfig }
export type PeerLoaded = Parsed & { readonly config: PeerConfig }

export const isSound = (parsed: Parsed): parsed is Loaded => parsed.config !== undefined
export const isClients = (loaded: Loaded): loaded is ClientLoaded => loaded.config.mode === 'client'
export const isPeers = (loaded: Loaded): loaded is PeerLoaded => loaded.config.mode === 'p2p'

export function load({ file, directives, options }: Arguments): Parsed {
  const { strict, allowIgnored, allowSocketPlugins } = options
  return loadConfig(file, { argv: directives, strict, allowIgnored, allowSocketPlugins, pipes: true })
}

/** What the configuration is called. */
export const nameOf = ({ file }: Arguments): string => (file === undefined ? 'command line' : titleOf(file))
