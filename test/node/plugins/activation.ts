/** Starts a program as systemd does: with sockets from descriptor 3 on, and the variables that tell of them. */
import { spawn } from 'node:child_process'
import { createSocket, type Socket as UdpSocket } from 'node:dgram'
import { once } from 'node:events'
import { readFileSync, readdirSync, readlinkSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { createInterface } from 'node:readline'
import type { ServerConfigInput } from '../../../src/config/server-schema.ts'
import type { Endpoint, Transport } from '../../../src/endpoint.ts'

/** A socket that is passed on: as long as the parent holds it, too, nobody else can bind its port. */
export interface Passed {
  readonly fd: number
  readonly port: number
  readonly close: () => void
}

export async function tcpAt(host: string, { port = 0, ipv6Only = host.includes(':') } = {}): Promise<Passed> {
  const server: Server = createServer((socket) => socket.resume())
  server.listen({ host, port, ipv6Only })
  await once(server, 'listening')
  const { port: bound } = server.address() as { port: number }
  return { fd: fdOf(inodeAt('tcp', host, bound)), port: bound, close: () => void server.close() }
}

export async function udpAt(address: string, { port = 0, ipv6Only = address.includes(':') } = {}): Promise<Passed> {
  const socket: UdpSocket = createSocket({ type: address.includes(':') ? 'udp6' : 'udp4', ipv6Only })
  socket.bind({ address, port, exclusive: true })
  await once(socket, 'listening')
  const { port: bound } = socket.address()
  return { fd: fdOf(inodeAt('udp', address, bound)), port: bound, close: () => void socket.close() }
}

/** The inode of what is bound to a port, as the kernel lists it. */
export function inodeAt(transport: Transport, address: string, port: number): string | undefined {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`
  const rows = rowsOf(`${transport}${address.includes(':') ? '6' : ''}`)
  return rows.find((columns) => columns[1]?.endsWith(suffix))?.[9]
}

export const inodeAtPath = (path: string): string | undefined => rowsOf('unix').find((row) => row[7] === path)?.[6]

const rowsOf = (table: string): readonly (readonly string[])[] =>
  readFileSync(`/proc/self/net/${table}`, 'utf8')
    .split('\n')
    .map((row) => row.trim().split(/\s+/))

// Node does not tell a socket's descriptor, the kernel does.
export function fdOf(inode: string | undefined): number {
  return Number(readdirSync('/proc/self/fd').find((fd) => targetOf(fd) === `socket:[${inode}]`))
}

function targetOf(fd: string): string | undefined {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`)
  } catch {
    // The descriptor of the listing itself.
    return undefined
  }
}

export interface Line {
  readonly bound?: readonly (Endpoint | null)[]
  readonly code?: string
  readonly message?: string
  /** Variables and descriptors of systemd's that a child of it would find. */
  readonly inherited?: readonly string[]
  readonly open?: boolean
}

export interface Activated {
  /** The next line that it prints. */
  readonly line: () => Promise<Line>
  /** Ends its input. */
  readonly end: () => void
  readonly kill: () => void
}

interface Activation {
  readonly config: ServerConfigInput
  readonly sockets?: readonly Pick<Passed, 'fd'>[]
  readonly again?: boolean
  /** Instead of those that are true: `$$` is the program itself. */
  readonly env?: { readonly LISTEN_PID?: string; readonly LISTEN_FDS?: string; readonly LISTEN_FDNAMES?: string }
}

export function activate({ config, sockets = [], again = false, env = {} }: Activation): Activated {
  const { LISTEN_PID = '$$', ...others } = env
  const program = new URL('activated.js', import.meta.url).pathname
  const child = spawn(
    'sh',
    ['-c', `LISTEN_PID=${LISTEN_PID}; export LISTEN_PID; exec "$@"`, 'sh', process.execPath, program].concat(
      JSON.stringify({ config, again }),
    ),
    {
      stdio: ['pipe', 'pipe', 'inherit', ...sockets.map(({ fd }) => fd)],
      env: { ...process.env, LISTEN_FDS: String(sockets.length), ...others },
    },
  )
  const lines = createInterface(child.stdout as NodeJS.ReadableStream)[Symbol.asyncIterator]()
  return {
    line: async () => JSON.parse((await lines.next()).value ?? '{}') as Line,
    end: () => child.stdin?.end(),
    kill: () => child.kill('SIGKILL'),
  }
}
