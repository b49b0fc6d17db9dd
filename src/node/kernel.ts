/** How the kernel, through Node, spells what the core has words for. */
import { isIP } from 'node:net'
import { type Endpoint, type Family, formatEndpoint, parseAddress } from '../endpoint.ts'
import { type Failure, failure, type Stage } from '../failure.ts'
import type { WireRequest } from '../wire.ts'

/** What "bind, but to no address" means in each family. */
export const WILDCARD: Readonly<Record<Family, string>> = { ipv4: '0.0.0.0', ipv6: '::' }

/** From `socket.address()`, which is `{}` for a socket that is gone. */
export function endpointOf(
  family: Family,
  found: { address?: string | undefined; port?: number | undefined },
): Endpoint | undefined {
  const { address, port } = found
  if (address === undefined || port === undefined) return undefined
  return { family, address: spelled(address), port }
}

/** The kernel writes addresses as we do, but for a quad at the end of an IPv6 one; parsing each would cost too much. */
function spelled(address: string): string {
  return address.includes(':') && address.includes('.') ? (parseAddress(address)?.address ?? address) : address
}

/** `code` is the system's own; Node's refusals of an argument have one too (`ERR_...`). */
export function systemFailure(error: NodeJS.ErrnoException, stage: Stage): Failure {
  return error.code === undefined ? failure('INTERNAL', stage, error.message) : failure(error.code, stage)
}

/** Node would look up what it takes for no address, and cut a port to 16 bits: neither is ever handed to it. */
export function requestProblem({ remote, local }: WireRequest): Failure | undefined {
  const strange = [remote.address, local?.address].find((address) => address !== undefined && isIP(address) === 0)
  if (strange !== undefined) return failure('BAD_ADDRESS', 'open', `${JSON.stringify(strange)} is no literal address`)
  if (isPort(remote.port) && remote.port > 0 && isPort(local?.port ?? 0)) return undefined
  return failure('BAD_ADDRESS', 'open', `a port is a number from 1 to 65535 (0 only to bind any)`)
}

/** The same for a socket that is to listen. Port 0: any. */
export function bindProblem({ family, address, port }: Endpoint): Failure | undefined {
  if (isIP(address) === (family === 'ipv4' ? 4 : 6) && isPort(port)) return undefined
  const place = JSON.stringify(formatEndpoint({ address, port }))
  return failure('BAD_ADDRESS', 'bind', `${place} is no ${family} address with a port from 0 to 65535`)
}

const isPort = (port: number) => Number.isInteger(port) && port >= 0 && port <= 65_535
