/**
 * A configuration in OpenVPN's language, read: the one way from text to `Config`. All problems at once, each with its
 * place; nothing here throws, and nothing touches a file but through `read`.
 */
import { type ClientSettings, clientSettings } from './client-settings.ts'
import { compileClient } from './compile-client.ts'
import { compilePeer } from './compile-peer.ts'
import { compileServer } from './compile-server.ts'
import type { ForeignDirective } from './directives.ts'
import { type Issue, IssueList, type Place } from './issue.ts'
import { type Inlined, Keys } from './keys.ts'
import type { Layers } from './layers.ts'
import { peerSettings } from './peer-settings.ts'
import type { Config } from './schema.ts'
import type { PluginModule, PluginOrders } from '../plugins/plugin.ts'
import { type Absence, byName, ordersOf, registeredBy, unknownIn } from './plugin-orders.ts'
import { type Ignored, type Scope, type Scopes, scopesOf } from './scopes.ts'
import { serverSettings } from './server-settings.ts'
import { gather, type Read, type Source, type Value } from './source.ts'
import type { Vault } from './vault.ts'
import { Ways } from './ways.ts'

export interface ParseOptions {
  /** Directives that come after the text: `['--proto', 'tcp']`. */
  readonly argv?: readonly string[] | undefined
  /** Reads included files and key files; without it they are errors. */
  readonly read?: Read | undefined
  /** Old spellings (`udp6`) are errors instead of warnings. */
  readonly strict?: boolean | undefined
  /** Directives that may be ignored although they would change where packets go, or are unknown. */
  readonly allowIgnored?: readonly string[] | undefined
  /** Directives beside the table, which knows none of plugins: those that are not there, and what is ignored of them. */
  readonly foreign?: ReadonlyMap<string, ForeignDirective> | undefined
  /** The socket plugins that there are, by the word that loads them; they read their own directives. */
  readonly plugins?: ReadonlyMap<string, PluginModule> | undefined
  /** What is said where another one is to be loaded; without it: that there is none. */
  readonly absence?: Absence | undefined
  /** A file may load them, too. */
  readonly allowSocketPlugins?: boolean | undefined
  /** For a printed text: the keys behind its `[[INLINE]]`s. */
  readonly inlined?: Inlined | undefined
}

export interface Parsed {
  /** Absent exactly when there is an error among the issues. */
  readonly config?: Config
  /** In the order of the text. */
  readonly issues: readonly Issue[]
  /** What was read and has no effect, each name once. */
  readonly ignored: readonly Ignored[]
  /** What it says to the socket plugins that it loads. */
  readonly plugins: readonly PluginOrders[]
  /** The names of those that it loads and that nobody knows, where they stand. */
  readonly unknownPlugins: readonly Value[]
  /** The bytes behind the handles in `config`. */
  readonly vault: Vault
}

const NO_READER: Read = () => ({ problem: 'files cannot be read here' })

export function parseConfig(source: Source, options: ParseOptions = {}): Parsed {
  const issues = new IssueList()
  const { read = NO_READER, plugins = new Map(), foreign = new Map(), absence = () => undefined } = options
  const others = new Set([...foreign.keys(), ...registeredBy(plugins)])
  const gathered = gather({ main: source, argv: options.argv ?? [], read, others }, issues)
  const start = { file: source.file, line: source.text === '' ? 0 : 1, column: 1, length: 1 }
  const scopes = scopesOf(
    gathered,
    {
      allowIgnored: new Set(options.allowIgnored),
      foreign,
      plugins,
      absence,
      allowSocketPlugins: options.allowSocketPlugins ?? false,
    },
    issues,
    start,
  )
  const keys = new Keys(gathered.entries, options.inlined, read, issues)
  const orders = ordersOf(scopes.plugins, { plugins, absence }, scopes.role.whose, issues)
  const config = configOf(scopes, keys, { issues, strict: options.strict ?? false, start, plugins, orders })
  const { ignored } = scopes
  const unknownPlugins = unknownIn(scopes.plugins, plugins)
  const parsed = {
    issues: issues.inOrder(gathered.files),
    ignored,
    plugins: orders,
    unknownPlugins,
    vault: keys.vault,
  }
  return config && !issues.hasErrors ? { config, ...parsed } : parsed
}

interface Reading {
  readonly issues: IssueList
  readonly strict: boolean
  /** The place of what has no other. */
  readonly start: Place
  readonly plugins: ReadonlyMap<string, PluginModule>
  readonly orders: readonly PluginOrders[]
}

function configOf(scopes: Scopes, keys: Keys, { issues, strict, start, plugins, orders }: Reading): Config | undefined {
  const { whose, entry } = scopes.role
  const at = entry?.at ?? start
  if (whose === 'server')
    return compileServer(
      layersOf(scopes, (scope) => serverSettings(scope, { strict }, issues)),
      issues,
      at,
    )
  if (whose === 'peer')
    return compilePeer(
      layersOf(scopes, (scope) => peerSettings(scope, { strict }, issues)),
      issues,
      at,
    )
  const layers = layersOf(scopes, (scope) => clientSettings(scope, { strict }, issues))
  const ways = new Ways(scopes.plugins.directives, byName(plugins), keys, issues)
  const config = compileClient(layers, { keys, ways, makers: ways.makers(orders) }, issues, at)
  judgeKeys(layers, keys)
  return config
}

function layersOf<Settings>(scopes: Scopes, read: (scope: Scope) => Settings): Layers<Settings> {
  return { file: read(scopes.file), commandLine: read(scopes.commandLine), blocks: scopes.blocks.map(read) }
}

// A key that no remote needs may still be broken; a key file that none needs is left alone.
function judgeKeys({ file, commandLine, blocks }: Layers<ClientSettings>, keys: Keys): void {
  for (const { key } of [file, commandLine, ...blocks]) {
    const isStatic = key?.kind === 'tls-auth' || key?.kind === 'tls-crypt'
    if (isStatic && key.entry.body !== undefined) keys.handleOf(key.entry)
  }
}
