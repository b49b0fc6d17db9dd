/**
 * A configuration back as text: `parseConfig` of it gives an equal configuration, and printing that gives the same
 * text. Here a client's: what all remotes have in common stands above; where they differ, each gets a `<connection>`
 * block. Keys are never printed: `[[INLINE]]` stands for them.
 */
import { INLINE } from './keys.ts'
import { printPeer } from './print-peer.ts'
import { printServer } from './print-server.ts'
import type { PluginModule } from '../plugins/plugin.ts'
import type { ClientConfig, Config, Confirmation, HopConfig, Remote } from './schema.ts'
import { confirmLine, localLines, walkLines } from './print-walk.ts'
import { block, seconds, word } from './written.ts'

export interface Printed {
  readonly text: string
  /** Of each `[[INLINE]]` in order: with the vault, what `inlined` of `parseConfig` wants. */
  readonly handles: readonly string[]
}

export interface PrintOptions {
  /**
   * Who knows the hops of the configuration, by their kinds. What nobody knows is printed as a directive that no reader
   * knows either: without its way a remote is not to be dialled.
   */
  readonly plugins?: ReadonlyMap<string, Pick<PluginModule, 'hopLines'>> | undefined
}

type Plugins = NonNullable<PrintOptions['plugins']>

/** Lines that belong together, and the handles of what stands in them as `[[INLINE]]`. */
interface Part {
  readonly lines: readonly string[]
  readonly handles?: readonly string[] | undefined
}

export function printConfig(config: Config, { plugins = new Map() }: PrintOptions = {}): Printed {
  switch (config.mode) {
    case 'client':
      return printClient(config, plugins)
    case 'server':
      return printServer(config)
    case 'p2p':
      return printPeer(config)
  }
}

function isEqual(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}

function printClient(config: ClientConfig, plugins: Plugins): Printed {
  const wrap = commonWrap(config)
  const all = config.remotes.map((remote) => partsOf(remote, config, wrap, plugins))
  const shared = (all[0] as readonly Part[]).filter((part) =>
    all.every((parts) => parts.some((other) => isSame(part, other))),
  )
  const own = all.map((parts) => parts.filter((part) => !shared.some((other) => isSame(part, other))))
  const inBlocks = own.some((parts) => parts.length > 0)
  const remotes = config.remotes.flatMap((remote, index) => {
    return inBlocks
      ? block('connection', [remoteLine(remote), ...linesOf(own[index] as readonly Part[])])
      : [remoteLine(remote)]
  })
  const above = [...shared, ...(wrap ? [wrapPart(wrap)] : [])]
  const lines = ['client', ...walkLines(config), ...linesOf(above), ...remotes]
  const handles = [...above, ...own.flat()].flatMap(({ handles = [] }) => handles)
  return { text: `${lines.join('\n')}\n`, handles }
}

const linesOf = (parts: readonly Part[]) => parts.flatMap(({ lines }) => lines)
const isSame = isEqual

const remoteLine = ({ host, port, proto }: Remote) => `remote ${word(host)} ${port} ${proto}`

function partsOf(
  remote: Remote,
  { remotes }: ClientConfig,
  above: Wrap | undefined,
  plugins: Plugins,
): readonly Part[] {
  const { family, local, connectTimeout, confirm, hops } = remote
  const parts: Part[] = []
  if (family) parts.push({ lines: [family] })
  if (local) parts.push({ lines: localLines(local) })
  if (connectTimeout !== 10_000) parts.push({ lines: [`connect-timeout ${seconds(connectTimeout)}`] })
  // Said for all where all are of one mind; otherwise only where it is not what the protocol implies.
  const agreed = remotes.every((other) => isEqual(other.confirm, confirm))
  if (agreed ? !remotes.every(isImplied) : !isImplied(remote)) parts.push({ lines: [confirmLine(confirm)] })
  if (confirm.kind === 'openvpn' && confirm.wrap && !above) parts.push(wrapPart(confirm.wrap))
  if (hops.length > 0) parts.push(wayPart(hops, plugins))
  return parts
}

/** One part: a chain counts whole, in its order. */
function wayPart(hops: Remote['hops'], plugins: Plugins): Part {
  const printed = hops.map(
    (hop) => plugins.get(hop.kind)?.hopLines?.print(hop) ?? { lines: [unknown(hop)], handles: [] },
  )
  return { lines: printed.flatMap(({ lines }) => lines), handles: printed.flatMap(({ handles }) => handles) }
}

const unknown = ({ kind, host, port }: HopConfig) => `hop-of-unknown-plugin ${kind} ${word(host)} ${port}`

const isImplied = ({ proto, confirm }: Remote) => confirm.kind === (proto === 'tcp' ? 'none' : 'openvpn')

type Wrap = NonNullable<(Confirmation & { kind: 'openvpn' })['wrap']>

/** The key of all remotes that use one: to the others it means nothing. */
function commonWrap({ remotes }: ClientConfig): Wrap | undefined {
  const wraps = remotes.flatMap(({ confirm }) => (confirm.kind === 'openvpn' ? [confirm.wrap] : []))
  return wraps.every((wrap) => isEqual(wrap, wraps[0])) ? wraps[0] : undefined
}

function wrapPart(wrap: Wrap): Part {
  if (wrap.kind === 'tls-crypt') return { lines: [`tls-crypt ${INLINE}`], handles: [wrap.key] }
  const direction = wrap.direction === undefined ? '' : ` ${wrap.direction}`
  return { lines: [`auth ${wrap.auth}`, `tls-auth ${INLINE}${direction}`], handles: [wrap.key] }
}
