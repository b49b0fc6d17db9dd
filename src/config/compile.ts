/**
 * From settings to the configuration: what each remote inherits, and from where (R1, R7). A remote looks into its block
 * first, then at the command line, then at the file's globals, wherever these stand.
 */
import type { Transport } from '../endpoint.ts'
import type { IssueList, Place } from './issue.ts'
import type { Keys } from './keys.ts'
import { type Config, type ClientConfigInput, DIGESTS, MAX_REMOTES, type Confirmation, type Remote } from './schema.ts'
import type { At, RemoteLine, Settings } from './settings.ts'
import { examine } from './validate.ts'

export interface Layers {
  readonly file: Settings
  readonly commandLine: Settings
  readonly blocks: readonly Settings[]
}

/** OpenVPN's port. */
const DEFAULT_PORT = 1194

/** `start` is the place of what has no other. */
export function compile(layers: Layers, keys: Keys, issues: IssueList, start: Place): Config | undefined {
  return new Compiler(layers, keys, issues, start).compile()
}

interface Draft {
  readonly line: RemoteLine
  /** Where it looks, nearest first. */
  readonly layers: readonly Settings[]
}

type RemoteInput = ClientConfigInput['remotes'][number]

class Compiler {
  readonly #layers: Layers
  readonly #keys: Keys
  readonly #issues: IssueList
  readonly #start: Place
  /** Of each part of the result, by its path, the place that it came from. */
  readonly #places = new Map<string, Place>()
  readonly #warned = new Set<unknown>()

  constructor(layers: Layers, keys: Keys, issues: IssueList, start: Place) {
    this.#layers = layers
    this.#keys = keys
    this.#issues = issues
    this.#start = start
  }

  compile(): Config | undefined {
    const globals = [this.#layers.commandLine, this.#layers.file]
    const drafts = this.#forced(this.#drafts(globals), first(globals, 'protoForce'))
    const remotes = drafts.flatMap((draft, index) => this.#remote(draft, index) ?? [])
    if (remotes.length < drafts.length || remotes.length === 0) return undefined
    const { config, findings } = examine({ mode: 'client', ...globalsOf(globals), remotes } satisfies ClientConfigInput)
    for (const { path, ...problem } of findings) this.#issues.report(this.#placeOf(path), problem)
    return config
  }

  #drafts(globals: readonly Settings[]): readonly Draft[] {
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

  #blockDrafts(globals: readonly Settings[]): readonly Draft[] {
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
    const port = line.port ?? portOf(layers, (layer) => layer.rport ?? layer.port)
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

  #local(layers: readonly Settings[], path: string): Pick<Remote, 'local'> {
    const binds = first(layers, 'binds')
    if (!binds?.value) return {}
    const host = first(layers, 'local')
    const port = portOf(layers, (layer) => layer.lport ?? layer.localPort ?? layer.port)
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

  #placeOf(path: readonly PropertyKey[]): Place {
    // The nearest part that was written: of `remotes.0.local.host` perhaps `remotes.0.local`.
    const places = path.map((_, last) => this.#places.get(path.slice(0, last + 1).join('.')))
    return places.reduce<Place>((nearest, place) => place ?? nearest, this.#start)
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

function first<Name extends keyof Settings>(layers: readonly Settings[], name: Name): Settings[Name] | undefined {
  return layers.find((layer) => layer[name] !== undefined)?.[name]
}

function portOf(layers: readonly Settings[], of: (layer: Settings) => At<number> | undefined): At<number> | undefined {
  for (const layer of layers) {
    const port = of(layer)
    if (port) return port
  }
  return undefined
}

const transportOf = ({ line, layers }: Draft): Transport =>
  line.proto?.value.transport ?? first(layers, 'transport')?.value ?? 'udp'

function globalsOf(globals: readonly Settings[]): Omit<ClientConfigInput, 'remotes'> {
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
