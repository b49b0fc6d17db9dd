/**
 * Socket activation, as in sd_listen_fds(3): the listening sockets that systemd has bound for this process. A listener of
 * the configuration whose transport, address and port are those of an inherited socket adopts it; all others are bound as
 * usual. A socket that no listener wants is an error, since clients would wait at it for ever.
 *
 * Each is closed with its listener; systemd keeps its own copy, and the port. So a listener that dies cannot be bound
 * again before the unit is restarted. Programs that are started by this one inherit nothing: Node has set close-on-exec on
 * all that was open when it began, which it lets nobody do later, and the variables are removed here. libuv sets
 * SO_REUSEADDR on a UDP socket that it adopts, as systemd has done before.
 */
import type { DockRequest } from '../../dock.ts'
import { type Endpoint, formatEndpoint } from '../../endpoint.ts'
import { type Failure, failure } from '../../failure.ts'
import type { PluginModule, ReadySockets, SocketPlugin } from '../../plugins/plugin.ts'
import { type Descriptor, type UnfitDescriptor, descriptorAt } from './descriptor.ts'

/** SD_LISTEN_FDS_START */
const FIRST = 3
/** 64 blocks of 25 addresses: a server has no more listeners. */
const MAX_SOCKETS = 1600

/** Where systemd leaves its message: the process itself. */
interface Environment {
  readonly env: Record<string, string | undefined>
  readonly pid: number
}

/** The plugin for `listen(config, { plugins: [systemd()] })`: the first server that is started with it gets the sockets. */
export function systemd(environment: Environment = process): SocketPlugin {
  let inherited: Inherited | undefined
  return {
    name: 'systemd',
    ready: () => {
      const found = inherited ? undefined : inherit(environment)
      if (found && 'code' in found) return found
      return (inherited ??= new Inherited(found ?? []))
    },
  }
}

/** One for the process, as its descriptors are: a server that is started anew gets told why it cannot bind. */
const ours = systemd()

/** The same for `socket-plugin systemd`. */
export const systemdModule: PluginModule = {
  name: 'systemd',
  usage: '',
  directives: new Map(),
  create: () => ours,
}

interface NamedDescriptor extends Descriptor {
  /** FileDescriptorName= of the unit; systemd says `unknown` where there is none. */
  readonly name: string | undefined
}

/** The variables are removed, whether they were meant for us or not: who is started by us shall not find them. */
function inherit({ env, pid }: Environment): readonly NamedDescriptor[] | Failure {
  const { LISTEN_PID: forPid, LISTEN_FDS: count, LISTEN_FDNAMES: names = '' } = env
  delete env['LISTEN_PID']
  delete env['LISTEN_FDS']
  delete env['LISTEN_FDNAMES']
  if (count === undefined || forPid !== String(pid)) return []
  if (!/^\d{1,4}$/.test(count) || Number(count) > MAX_SOCKETS) {
    return broken(`LISTEN_FDS is ${JSON.stringify(count)}, and not a number from 0 to ${MAX_SOCKETS}`)
  }
  const nameOf = names.split(':')
  const found = Array.from({ length: Number(count) }, (_, i) => descriptorAt(FIRST + i))
  const unfit = found.find(isUnfit)
  if (unfit) return broken(`systemd passes fd ${unfit.fd}, which is ${unfit.problem}`)
  return found.filter(isFit).map((fit, i) => ({ ...fit, name: nameOf[i] }))
}

const isUnfit = (found: Descriptor | UnfitDescriptor): found is UnfitDescriptor => 'problem' in found
const isFit = (found: Descriptor | UnfitDescriptor): found is Descriptor => !isUnfit(found)

const broken = (message: string): Failure => failure('READY_SOCKET', 'bind', message)

class Inherited implements ReadySockets {
  readonly #all: readonly NamedDescriptor[]
  readonly #left: Set<NamedDescriptor>

  constructor(all: readonly NamedDescriptor[]) {
    this.#all = all
    this.#left = new Set(all)
  }

  take(request: DockRequest): Descriptor | undefined {
    const found = [...this.#left].find((one) => fits(one, request))
    if (found) this.#left.delete(found)
    return found
  }

  explain(request: DockRequest, { code, stage }: Failure): Failure | undefined {
    if (code !== 'EADDRINUSE') return undefined
    const given = this.#all.find((one) => fits(one, request))
    if (given) return failure(code, stage, `systemd keeps the port of ${shown(given)}: restart its unit`)
    const wide = this.#all.find((one) => shadows(one, request))
    if (!wide) return undefined
    const hint = 'set BindIPv6Only=ipv6-only in its .socket unit'
    return failure(
      code,
      stage,
      `${shown(wide)}, which systemd passes, takes the IPv4 clients of that port, too: ${hint}`,
    )
  }

  leftOver(): Failure | undefined {
    const [first, ...more] = this.#left
    if (!first) return undefined
    const others = more.length > 0 ? ` (nor ${more.length} more)` : ''
    return broken(`systemd passes ${shown(first)}, and no <listen> block binds it${others}`)
  }
}

/** An address is of one family, and port 0 no inherited socket's. */
function fits({ transport, endpoint }: Descriptor, request: DockRequest): boolean {
  const { address, port } = request.endpoint
  return transport === request.transport && endpoint.address === withoutZone(address) && endpoint.port === port
}

/** An IPv6 wildcard without IPV6_V6ONLY, which is how systemd binds a bare port. */
function shadows({ transport, endpoint }: Descriptor, request: DockRequest): boolean {
  const isWide = endpoint.address === '::' && endpoint.port === request.endpoint.port
  return isWide && transport === request.transport && request.endpoint.family === 'ipv4'
}

const withoutZone = (address: Endpoint['address']): string => address.replace(/%.*/, '')

/** `[::]:80/tcp as fd 4 (web)` */
function shown({ fd, transport, endpoint, name }: NamedDescriptor): string {
  const called = name === undefined || name === '' || name === 'unknown' ? '' : ` (${name})`
  return `${formatEndpoint(endpoint)}/${transport} as fd ${fd}${called}`
}
