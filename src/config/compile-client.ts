/** From settings to the configuration of a client: its remotes, and how each is confirmed. */
import type { ClientSettings } from './client-settings.ts'
import type { HopMakers } from './hop-conflicts.ts'
import type { IssueList, Place } from './issue.ts'
import type { Keys } from './keys.ts'
import { type Layers, first, globalsIn } from './layers.ts'
import { Places } from './places.ts'
import type { At } from './reader.ts'
import { type RemoteDraft, addressOf, draftsOf, isAlone, localOf, transportOf, walkOf } from './remote-drafts.ts'
import { type Config, type ClientConfigInput, DIGESTS, type Confirmation, type RemoteInput } from './schema.ts'
import { type Finding, examine } from './validate.ts'
import type { Ways } from './ways.ts'

/** What remotes are made of besides their settings. */
export interface Supplies {
  readonly keys: Keys
  readonly ways: Ways
  readonly makers: HopMakers
}

/** `start` is the place of what has no other. */
export function compileClient(
  layers: Layers<ClientSettings>,
  supplies: Supplies,
  issues: IssueList,
  start: Place,
): Config | undefined {
  return new ClientCompiler(layers, supplies, issues, start).compile()
}

class ClientCompiler {
  readonly #layers: Layers<ClientSettings>
  readonly #supplies: Supplies
  readonly #issues: IssueList
  readonly #start: Place
  readonly #places: Places
  readonly #warned = new Set<unknown>()

  constructor(layers: Layers<ClientSettings>, supplies: Supplies, issues: IssueList, start: Place) {
    this.#layers = layers
    this.#supplies = supplies
    this.#issues = issues
    this.#start = start
    this.#places = new Places(start)
  }

  compile(): Config | undefined {
    const globals = globalsIn(this.#layers)
    const drafts = draftsOf(this.#layers, this.#issues)
    if (isAlone(this.#layers) && !this.#issues.lostLines)
      this.#error(this.#start, 'value', 'there is no remote to connect to', 'add a line: remote HOST [PORT]')
    const remotes = drafts.flatMap((draft, index) => this.#remote(draft, index) ?? [])
    if (remotes.length < drafts.length || remotes.length === 0) return undefined
    const labelled = first(globals, 'remoteRandomHostname')
    if (labelled) this.#places.set('remoteRandomHostname', labelled)
    const input: ClientConfigInput = { mode: 'client', ...walkOf(globals), remotes }
    const { config, findings } = examine(input, { makers: this.#supplies.makers })
    for (const finding of findings) this.#report(finding, findings, remotes)
    return config
  }

  #remote(draft: RemoteDraft, index: number): RemoteInput | undefined {
    const { line, layers } = draft
    const way = this.#supplies.ways.to(draft.block)
    // Without its way it is not to be dialled.
    if (!line.host || !way) return undefined
    const path = `remotes.${index}`
    this.#places.set(path, line.at).set(`${path}.host`, line.host.at)
    this.#places.set(`${path}.confirm`, first(layers, 'confirm')?.at ?? line.at)
    for (const [place, { at, hostAt }] of way.entries())
      this.#places.set(`${path}.hops.${place}`, at).set(`${path}.hops.${place}.host`, hostAt)
    return {
      host: line.host.value,
      ...addressOf(draft),
      hops: way.map(({ hop }) => hop),
      ...this.#local(layers, `${path}.local`),
      connectTimeout: first(layers, 'connectTimeout')?.value,
      confirm: this.#confirmation(draft),
    }
  }

  #local(layers: readonly ClientSettings[], path: string): Pick<RemoteInput, 'local'> {
    const binds = first(layers, 'binds')
    if (!binds?.value) return {}
    this.#places.set(path, first(layers, 'local')?.at ?? binds.at)
    return { local: localOf(layers) }
  }

  #confirmation(draft: RemoteDraft): Confirmation {
    const { layers } = draft
    const wanted = first(layers, 'confirm')?.value
    const kind = wanted?.kind ?? (transportOf(draft) === 'udp' ? 'openvpn' : 'none')
    if (wanted?.kind === 'reply') return wanted
    if (kind === 'none') return { kind: 'none' }
    const key = first(layers, 'key')
    if (!key) return { kind: 'openvpn' }
    if (key.kind === 'tls-crypt-v2') return this.#unconfirmed(key.entry.at)
    const handle = this.#supplies.keys.handleOf(key.entry)
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

  /** The line of a hop may be global: what is wrong for all remotes is said once, what is so for some names them. */
  #report({ path, ...problem }: Finding, findings: readonly Finding[], remotes: readonly RemoteInput[]): void {
    const at = this.#places.of(path)
    const equal = findings.filter((other) => other.message === problem.message && this.#places.of(other.path) === at)
    if (equal[0]?.path !== path) return
    const isOnWay = (_: unknown, index: number) =>
      remotes[index]?.hops?.some((_, place) => this.#places.of(['remotes', index, 'hops', place]) === at)
    const some = equal.length < remotes.filter(isOnWay).length ? ` (remote on ${this.#namesOf(equal)})` : ''
    this.#issues.report(at, { ...problem, message: problem.message + some })
  }

  #namesOf(findings: readonly Finding[]): string {
    return findings.map(({ path }) => this.#places.nameOf(path.slice(0, 2), path)).join(', ')
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

// OpenSSL's other spellings: `RSA-SHA256`, `SHA2-256`, `SHA-256`, `SHA512/256`.
function canonical(digest: string): string {
  const name = digest.toUpperCase().replace(/^RSA-/, '').replace('/', '-')
  return name
    .replace(/^SHA(?:2-|-)(?=\d{3})/, 'SHA')
    .replace('SHA-1', 'SHA1')
    .replace(/^(?:RIPEMD|RMD160)$/, 'RIPEMD160')
}
