/**
 * Where a scripted server and its visitors are on this machine. On the host each IPv4 address is a 127.x.y.z of its own,
 * IPv6 is `::1`, and ports are moved out of everybody's way. In a network namespace of our own they are themselves.
 */
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import os from 'node:os'
import { vi } from 'vitest'
import type { Endpoint } from '../../src/endpoint.ts'
import { WILDCARD } from '../../src/node/kernel.ts'

export type Place = Pick<Endpoint, 'address' | 'port'>

export interface Ground {
  /** From now on these addresses are this host's, and no others; loopback is bound as ever. */
  readonly own: (addresses: readonly string[]) => void
  /** Where to bind, or to reach, an endpoint of the server. A wildcard, and what is not ours, stays what it is. */
  readonly server: (scripted: Endpoint) => Place
  /** Where a visitor comes from; port 0: any. */
  readonly visitor: (scripted: Endpoint) => Place
  /** This port is for the privileged, until what this gives is called; `undefined`: here that cannot be had. */
  readonly reserve: (port: number) => (() => void) | undefined
  readonly leave: () => void
}

/** Two runs on one machine keep out of each other's way; and out of that of the clients' twin (`places.ts`). */
const SHARE = process.pid % 64
const NETWORK = 65 + SHARE
/** Below the kernel's own choice of ports, so that nobody is given one of these. */
const FIRST_PORT = 28_500 + SHARE * 64
const PORTS = 64

let hosts = 0
let ports = 0

const isLoopback = (address: string) => address.startsWith('127.') || address === '::1'

export function hostGround(): Ground {
  const interfaces = vi.spyOn(os, 'networkInterfaces')
  let own: readonly string[] = []
  const addresses = new Map<string, string>()
  const moved = new Map<string, number>()
  const addressOf = (scripted: string): string => {
    if (scripted.includes(':')) return '::1'
    const known = addresses.get(scripted) ?? `127.${NETWORK}.${(++hosts >> 8) & 255}.${hosts & 255}`
    addresses.set(scripted, known)
    return known
  }
  const portOf = (address: string, scripted: number): number => {
    const key = `${address} ${scripted}`
    const known = moved.get(key) ?? FIRST_PORT + (ports++ % PORTS)
    moved.set(key, known)
    return known
  }
  return {
    own: (addresses) => {
      own = addresses
      interfaces.mockReturnValue({ scripted: addresses.map(interfaceOf) })
      syncBuiltinESMExports()
    },
    server: ({ family, address, port }) => {
      const isHere = address !== WILDCARD[family] && (own.includes(address) || isLoopback(address))
      const place = isHere ? addressOf(address) : address
      // Own addresses of IPv6 have but one here, so that each has its ports; a wildcard has those of the other family.
      return { address: place, port: port === 0 ? 0 : portOf(place === '::1' ? address : '', port) }
    },
    visitor: ({ address }) => ({ address: addressOf(address), port: 0 }),
    reserve: () => undefined,
    leave: () => {
      interfaces.mockRestore()
      syncBuiltinESMExports()
    },
  }
}

function interfaceOf(address: string): os.NetworkInterfaceInfo {
  const common = { address, netmask: '', mac: '', internal: false, cidr: null }
  return address.includes(':') ? { ...common, family: 'IPv6', scopeid: 0 } : { ...common, family: 'IPv4' }
}

const PRIVILEGED_BELOW = '/proc/sys/net/ipv4/ip_unprivileged_port_start'

/** In a namespace whose `lo` has no addresses but ours, and where visitors may come from anywhere (`namespace.ts`). */
export function namespaceGround(): Ground {
  const asWritten = ({ address, port }: Endpoint): Place => ({ address, port })
  return {
    own: (addresses) => {
      const lines = addresses.map(
        (address) => `address add ${address}/${address.includes(':') ? '128 nodad' : '32'} dev lo`,
      )
      const batch = ['address flush dev lo', ...lines, ...ALWAYS.map((to) => `route replace local ${to} dev lo`)]
      execFileSync('ip', ['-batch', '-'], { input: batch.join('\n'), stdio: ['pipe', 'ignore', 'pipe'] })
    },
    server: asWritten,
    visitor: asWritten,
    reserve: (port) => {
      const before = readFileSync(PRIVILEGED_BELOW)
      writeFileSync(PRIVILEGED_BELOW, String(port + 1))
      return () => writeFileSync(PRIVILEGED_BELOW, before)
    },
    leave: () => {},
  }
}

/**
 * Loopback, which does not count as the host's; where visitors come from; and all of IPv6 that is ever the host's, since
 * Linux makes the route of such an address some time after the address.
 */
const ALWAYS = ['127.0.0.0/8', '203.0.113.0/24', '::1', '2001:db8::/32']
