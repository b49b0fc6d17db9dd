/**
 * From settings to the configuration of a client: what each remote inherits, and from where (R1, R7). A remote looks
 * into its block first, then at the command line, then at the file's globals, wherever these stand.
 */
import type { Transport } from '../endpoint.ts'
import type { ClientSettings, RemoteLine } from './client-settings.ts'
import type { IssueList, Place } from './issue.ts'
import type { Keys } from './keys.ts'
import { type Layers, first, globalsIn, portIn } from './layers.ts'
import { Places } from './places.ts'
import type { At } from './reader.ts'
import { type Config, type ClientConfigInput, DIGESTS, MAX_REMOTES, type Confirmation, type Remote } from './schema.ts'
import { examine } from './validate.ts'

/** OpenVPN's port. */
const DEFAULT_PORT = 1194

/** `start` is the place of what has no other. */
export function compileClient(
  layers: Layers<ClientSettings>,
  keys: Keys,
  issues: IssueList,
  start: Place,
): Config | undefined {
  return new ClientCompiler(layers, keys, issues, start).compile()
}

interface Draft {
  readonly line: RemoteLine
  /** Where it looks, nearest first. */
  readonly layers: readonly ClientSettings[]
}

type RemoteInput = ClientConfigInput['remotes'][number]

class ClientCompiler {
  readonly #layers: Layers<ClientSettings>
  readonly #keys: Keys
  readonly #issues: IssueList
  readonly #start: Place
  readonly #places: Places
  readonly #warned = new Set<unknown>()

  constructor(layers: Layers<ClientSettings>, keys: Keys, issues: IssueList, start: Place) {
    this.#layers = layers
    this.#keys = keys
    this.#issues = issues
    this.#start = start
    this.#places = new Places(start)
  }

  compile(): Config | undefined {
    const globals = globalsIn(this.#layers)
    const drafts = this.#forced(this.#drafts(globals), first(globals, 'protoForce'))
    const remotes = drafts.flatMap((draft, index) => this.#remote(draft, index) ?? [])
    if (remotes.length < drafts.length || remotes.length === 0) return undefined
    const { config, findings } = examine({ mode: 'client', ...globalsOf(globals), remotes } satisfies ClientConfigInput)
    for (const { path, ...problem } of findings) this.#issues.report(this.#places.of(path), problem)
    return config
  }

  #drafts(globals: readonly ClientSettings[]): readonly Draft[] {
    const { file, commandLine, blocks } = this.#layers
    const lines = [...file.remotes, ...commandLine.remotes]
    const drafts = blocks.length > 0 ? this.#blockDrafts(globals) : lines.map((line) => ({ line, layers: globals }))
    if (blocks.length > 0) {
      const message = 'this remote is ignored: there are <connection> blocks'
      for (const { at } of lines) this.#issues.report(at, { severity: 'warning', code: 'scope', message })
    } else if (drafts.length === 0 && !this.#issues.lostLines) {
      this.#error(this.#start, 'value', 'there is no remote to connect to', 'add a line: remote HOST [PORT]')
    }
    const surplus = drafts[MAX_REMOTES]
    if (surplus) this.#error(surplus.line.at, 'value', `a configuration has at most ${MAX_REMOTES} remotes`)
    return drafts.slice(0, MAX_REMOTES)
  }

  #blockDrafts(globals: readonly ClientSettings[]): readonly Draft[] {
    return this.#layers.blocks.flatMap((block) => {
      const [line, second] = block.remotes
      if (!line) {
        const hint = 'a <connection> block has exactly one'
        this.#error(block.at as Place, 'scope', 'this block has no remote', hint)
      }
      if (second) {
        const hint = 'give each remote a block of its own'
        this.#error(second.at, 'scope', 'a <connection> block has exactly one remote', hint)
      }
      return line ? [{ line, layers: [block, ...globals] }] : []
    })
  }

  #forced(drafts: readonly Draft[], force: At<Transport> | undefined): readonly Draft[] {
    if (!force) return drafts
    const kept = drafts.filter((draft) => transportOf(draft) === force.value)
    if (kept.length === 0 && drafts.length > 0) {
      this.#error(
        force.at,
        'value',
        `no remote is left: none of them is ${force.value}`,
        'proto-force only leaves remotes out',
      )
    }
    for (const draft of kept.length > 0 ? drafts : []) {
      if (kept.includes(draft)) continue
      const message = `left out: "proto-force ${force.value}"`
      this.#issues.report(draft.line.at, { severity: 'note', code: 'value', message })
    }
    return kept
  }

  #remote(draft: Draft, index: number): RemoteInput | undefined {
    const { line, layers } = draft
    if (!line.host) return undefined
    const suffix = line.proto?.value.family
    const family = suffix ? { value: suffix, at: line.proto.at } : first(layers, 'family')
    const port = line.port ?? portIn(layers, 'rport', 'port')
    const confirm = this.#confirmation(draft)
    const path = `remotes.${index}`
    this.#places.set(path, line.at).set(`${path}.host`, line.host.at)
    this.#places.set(`${path}.confirm`, first(layers, 'confirm')?.at ?? line.at)
    return {
      host: line.host.value,
      port: port?.value ?? DEFAULT_PORT,
      proto: transportOf(draft),
      ...(family && { family: family.value }),
      ...this.#local(layers, `${path}.local`),
      connectTimeout: first(layers, 'connectTimeout')?.value,
      confirm,
    }
  }

  #local(layers: readonly ClientSettings[], path: string): Pick<Remote, 'local'> {
    const binds = first(layers, 'binds')
    if (!binds?.value) return {}
    const host = first(layers, 'local')
    const port = portIn(layers, 'lport', 'localPort', 'port')
    this.#places.set(path, host?.at ?? binds.at)
    return { local: { ...(host?.value !== undefined && { host: host.value }), port: port?.value ?? DEFAULT_PORT } }
  }

  #confirmation({ line, layers }: Draft): Confirmation {
    const wanted = first(layers, 'confirm')?.value
    const kind = wanted?.kind ?? (transportOf({ line, layers }) === 'udp' ? 'openvpn' : 'none')
    if (wanted?.kind === 'reply') return wanted
    if (kind === 'none') return { kind: 'none' }
    const key = first(layers, 'key')
    if (!key) return { kind: 'openvpn' }
    if (key.kind === 'tls-crypt-v2') return this.#unconfirmed(key.entry.at)
    const handle = this.#keys.handleOf(key.entry)
    if (handle === undefined) return { kind: 'none' }
    if (key.kind === 'tls-crypt') return { kind: 'openvpn', wrap: { kind: 'tls-crypt', key: handle } }
    const direction = key.direction ?? first(layers, 'keyDirection')
    const auth = this.#digest(first(layers, 'auth'))
    return {
      kind: 'openvpn',
      wrap: { kind: 'tls-auth', key: handle, ...(direction && { direction: direction.value }), auth },
    }
  }

  #unconfirmed(at: Place): Confirmation {
    const message = 'a tls-crypt-v2 server does not answer our first packet: candidates stay unconfirmed'
    this.#once(at, () => this.#issues.report(at, { severity: 'warning', code: 'confirm', message }))
    return { kind: 'none' }
  }

  #digest(auth: At<string> | undefined): (typeof DIGESTS)[number] {
    const digest = DIGESTS.find((name) => name === canonical(auth?.value ?? 'SHA1'))
    if (auth && digest === undefined) {
      const hint = 'write the digest that the server has, for example SHA1, SHA256 or SHA512'
      this.#once(auth, () =>
        this.#error(auth.at, 'value', `"${auth.value}" is no digest that can sign "tls-auth"`, hint),
      )
    }
    return digest ?? 'SHA1'
  }

  /** What is global is said once, not for every remote. */
  #once(what: unknown, say: () => void): void {
    if (!this.#warned.has(what)) say()
    this.#warned.add(what)
  }

  #error(at: Place, code: string, message: string, hint?: string): void {
    this.#issues.report(at, { severity: 'error', code, message, hint })
  }
}

const transportOf = ({ line, layers }: Draft): Transport =>
  line.proto?.value.transport ?? first(layers, 'transport')?.value ?? 'udp'

function globalsOf(globals: readonly ClientSettings[]): Omit<ClientConfigInput, 'remotes'> {
  return {
    remoteRandom: globals.some((layer) => layer.remoteRandom),
    remoteRandomHostname: globals.some((layer) => layer.remoteRandomHostname),
    resolveTimeout: first(globals, 'resolveTimeout')?.value,
    resolvRetry: first(globals, 'resolvRetry')?.value,
    connectRetry: first(globals, 'connectRetry')?.value,
    connectRetryMax: first(globals, 'connectRetryMax')?.value,
    pacing: {
      policy: first(globals, 'policy')?.value,
      attemptDelay: first(globals, 'attemptDelay')?.value,
      maxInFlight: first(globals, 'maxInFlight')?.value,
    },
    candidateOrder: first(globals, 'candidateOrder')?.value,
  }
}

// OpenSSL's other spellings: `RSA-SHA256`, `SHA2-256`, `SHA-256`, `SHA512/256`.
function canonical(digest: string): string {
  const name = digest.toUpperCase().replace(/^RSA-/, '').replace('/', '-')
  return name
    .replace(/^SHA(?:2-|-)(?=\d{3})/, 'SHA')
    .replace('SHA-1', 'SHA1')
    .replace(/^(?:RIPEMD|RMD160)$/, 'RIPEMD160')
}
