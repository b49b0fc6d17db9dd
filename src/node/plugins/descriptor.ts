/**
 * What an inherited descriptor is, read from the kernel's tables before anything opens it: Node asks for the type when it
 * opens one, and wants to be told the family. Linux only, since only there the tables are files.
 *
 * The tables do not know the zone of a link-local address, nor whether an IPv6 socket takes IPv4 clients, too.
 */
import { readFileSync, readlinkSync } from 'node:fs'
import { endianness } from 'node:os'
import { type Endpoint, type Family, type Transport, parseAddress } from '../../endpoint.ts'

/** A UDP socket that is bound, or a TCP socket that listens. */
export interface Descriptor {
  readonly fd: number
  readonly transport: Transport
  readonly endpoint: Endpoint
}

/** `problem` completes "fd 3 is ...". */
export interface UnfitDescriptor {
  readonly fd: number
  readonly problem: string
}

const TABLES: readonly (readonly [name: string, transport: Transport, family: Family])[] = [
  ['tcp', 'tcp', 'ipv4'],
  ['tcp6', 'tcp', 'ipv6'],
  ['udp', 'udp', 'ipv4'],
  ['udp6', 'udp', 'ipv6'],
]

/** The kernel's states (net/tcp_states.h). */
const LISTENING = '0A'
const UNCONNECTED = '07'

export function descriptorAt(fd: number): Descriptor | UnfitDescriptor {
  const target = targetOf(fd)
  if (target === undefined) return { fd, problem: 'not open' }
  const inode = /^socket:\[(\d+)\]$/.exec(target)?.[1]
  if (inode === undefined) return { fd, problem: `no socket but ${target}` }
  for (const [name, transport, family] of TABLES) {
    const row = rowsOf(name).find((columns) => columns[9] === inode)
    if (row) return judge(fd, transport, family, row)
  }
  const isUnix = rowsOf('unix').some((columns) => columns[6] === inode)
  return { fd, problem: isUnix ? 'a unix socket' : 'no TCP or UDP socket that is bound in this network namespace' }
}

function judge(fd: number, transport: Transport, family: Family, row: readonly string[]): Descriptor | UnfitDescriptor {
  const [, local = '', , state] = row
  const endpoint = endpointFrom(family, local)
  if (state === (transport === 'tcp' ? LISTENING : UNCONNECTED)) return { fd, transport, endpoint }
  return { fd, problem: `a connected ${transport.toUpperCase()} socket` }
}

function targetOf(fd: number): string | undefined {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`)
  } catch {
    return undefined
  }
}

/** Without the heading; a kernel without IPv6 has no table for it. */
function rowsOf(table: string): readonly (readonly string[])[] {
  try {
    const lines = readFileSync(`/proc/self/net/${table}`, 'utf8').split('\n').slice(1)
    return lines.map((line) => line.trim().split(/\s+/))
  } catch {
    return []
  }
}

/** `0100007F:01BB`: words of 32 bits in the order of this machine's bytes. */
function endpointFrom(family: Family, written: string): Endpoint {
  const [words = '', port = ''] = written.split(':')
  const bytes = (words.match(/.{8}/g) ?? []).flatMap((word) => {
    const inOrder = Buffer.from(word, 'hex')
    return [...(endianness() === 'LE' ? inOrder.reverse() : inOrder)]
  })
  const address = family === 'ipv4' ? bytes.join('.') : groupsOf(bytes)
  return { family, address: parseAddress(address)?.address ?? address, port: Number.parseInt(port, 16) }
}

const groupsOf = (bytes: readonly number[]): string =>
  Array.from({ length: 8 }, (_, i) => (((bytes[2 * i] ?? 0) << 8) | (bytes[2 * i + 1] ?? 0)).toString(16)).join(':')
