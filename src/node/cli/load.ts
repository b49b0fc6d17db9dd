/** The configuration of a command: its file, then its directives. */
import type { Parsed } from '../../config/parse.ts'
import type { ClientConfig } from '../../config/schema.ts'
import { loadConfig, titleOf } from '../load-config.ts'
import type { Arguments } from './arguments.ts'

/** Without errors. */
export type Loaded = Parsed & { readonly config: ClientConfig }
export const isSound = (parsed: Parsed): parsed is Loaded => parsed.config?.mode === 'client'

export function load({ file, directives, options }: Arguments): Parsed {
  const { strict, allowIgnored, allowSocketPlugins } = options
  return loadConfig(file, { argv: directives, strict, allowIgnored, allowSocketPlugins, pipes: true })
}

/** What the configuration is called. */
export const nameOf = ({ file }: Arguments): string => (file === undefined ? 'command line' : titleOf(file))
