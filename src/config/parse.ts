/**
 * A configuration in OpenVPN's language, read: the one way from text to `Config`. All problems at once, each with its
 * place; nothing here throws, and nothing touches a file but through `read`.
 */
import { compile } from './compile.ts'
import type { ForeignDirective } from './directives.ts'
import { type Issue, IssueList } from './issue.ts'
import { type Inlined, Keys } from './keys.ts'
import { clientEntry } from './role.ts'
import type { Config } from './schema.ts'
import { type Ignored, type Scopes, scopesOf } from './scopes.ts'
import { type Settings, settingsOf } from './settings.ts'
import { gather, type Read, type Source } from './source.ts'
import { Vault } from './vault.ts'

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
  /** The bytes behind the handles in `config`. */
  readonly vault: Vault
}

const NO_READER: Read = () => ({ problem: 'files cannot be read here' })

export function parseConfig(source: Source, options: ParseOptions = {}): Parsed {
  const issues = new IssueList()
  const read = options.read ?? NO_READER
  const gathered = gather({ main: source, argv: options.argv ?? [], read }, issues)
  const scopes = scopesOf(
    gathered,
    {
      allowIgnored: new Set(options.allowIgnored),
      foreign: options.foreign ?? new Map(),
      allowSocketPlugins: options.allowSocketPlugins ?? false,
    },
    issues,
  )
  const keys = new Keys(options.inlined?.vault ?? new Vault(), options.inlined?.handles ?? [], read, issues)
  const config = configOf(scopes, keys, issues, options.strict ?? false, source)
  const parsed = { issues: issues.inOrder(gathered.files), ignored: scopes.ignored, vault: keys.vault }
  return config && !issues.hasErrors ? { config, ...parsed } : parsed
}

function configOf(scopes: Scopes, keys: Keys, issues: IssueList, strict: boolean, source: Source): Config | undefined {
  const layers = {
    file: settingsOf(scopes.file, { strict }, issues),
    commandLine: settingsOf(scopes.commandLine, { strict }, issues),
    blocks: scopes.blocks.map((block) => settingsOf(block, { strict }, issues)),
  }
  const start = { file: source.file, line: source.text === '' ? 0 : 1, column: 1, length: 1 }
  const client = clientEntry(scopes, issues, start)
  const config = client && compile(layers, keys, issues, client.at)
  judgeKeys([layers.file, layers.commandLine, ...layers.blocks], keys)
  return config
}

// A key that no remote needs may still be broken; a key file that none needs is left alone.
function judgeKeys(layers: readonly Settings[], keys: Keys): void {
  for (const { key } of layers) {
    const isStatic = key?.kind === 'tls-auth' || key?.kind === 'tls-crypt'
    if (isStatic && key.entry.body !== undefined) keys.handleOf(key.entry)
  }
}
