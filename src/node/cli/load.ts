/** The configuration of a command: its file, then its directives. */
import type { Problem } from '../../config/issue.ts'
import type { Parsed } from '../../config/parse.ts'
import type { PeerConfig } from '../../config/peer-schema.ts'
import type { ClientConfig, Config } from '../../config/schema.ts'
import type { ServerConfig } from '../../config/server-schema.ts'
import type { Value } from '../../config/source.ts'
import { type LoadOptions, loadConfig, titleOf } from '../load-config.ts'
import { type LoadedConfig, loadConfigWithPlugins } from '../load-plugins.ts'
import type { Arguments } from './arguments.ts'

/** Without errors. */
export type Sound<Result extends Parsed = Parsed, Known = Config> = Result & { readonly config: Known }
/** And ready to be run. */
export type Loaded = Sound<LoadedConfig>
export type ClientLoaded = Sound<LoadedConfig, ClientConfig>
export type ServerLoaded = Sound<LoadedConfig, ServerConfig>
export type PeerLoaded = Sound<LoadedConfig, PeerConfig>

export const isSound = <Result extends Parsed>(parsed: Result): parsed is Sound<Result> => parsed.config !== undefined

/** To be looked at: no plugin is loaded for that. */
export function load(args: Arguments): Parsed {
  return loadConfig(args.file, { ...optionsOf(args), absence: notLoaded })
}

/** To be run, with all that it loads. */
export function loadToRun(args: Arguments): Promise<LoadedConfig> {
  return loadConfigWithPlugins(args.file, optionsOf(args))
}

function optionsOf({ directives, options }: Arguments): LoadOptions {
  const { strict, allowIgnored, allowSocketPlugins } = options
  return { argv: directives, strict, allowIgnored, allowSocketPlugins, pipes: true }
}

function notLoaded({ text }: Value): Problem {
  const message = `the plugin "${text}" is not loaded here: what it may change is not known`
  return { severity: 'warning', code: 'R9', message, hint: '"run" loads it' }
}

/** What the configuration is called. */
export const nameOf = ({ file }: Arguments): string => (file === undefined ? 'command line' : titleOf(file))
