/** Addresses and endpoints in a scenario file, read into one spelling: `ADDR`, `ADDR:PORT`, `ADDR:PORT/tcp|udp`. */
import { z } from 'zod'
import { type Endpoint, formatEndpoint, parseAddress } from '../endpoint.ts'

/** Reads `ADDR` or `ADDR:PORT` (`[v6]:PORT`) and gives it in one spelling; `undefined`: it is neither. */
export function canonicalTarget(text: string): string | undefined {
  return canonicalEndpoint(text, 1) ?? parseAddress(text)?.address
}

function canonicalEndpoint(text: string, lowestPort: 0 | 1): string | undefined {
  const endpoint = readPlace(text)
  return endpoint && endpoint.port >= lowestPort ? formatEndpoint(endpoint) : undefined
}

/** `ADDR:PORT` (`[v6]:PORT`), port 0 included. */
export function readPlace(text: string): Endpoint | undefined {
  const [, bracketed, plain, digits] = /^(?:\[([^\]]+)\]|([^:]+)):(0|[1-9]\d{0,4})$/.exec(text) ?? []
  const host = parseAddress(bracketed ?? plain ?? '')
  const port = Number(digits)
  if (!host || (host.family === 'ipv6') !== (bracketed !== undefined) || port > 65_535) return undefined
  return { ...host, port }
}

export const TARGET = 'this is neither an address nor ADDR:PORT ([v6]:PORT)'
export const targetProblem = (key: string) => (canonicalTarget(key) === undefined ? TARGET : undefined)

/** Reads `ADDR:PORT/tcp|udp` (port 0: any) and gives it in one spelling; `undefined`: it is none. */
export function canonicalBind(text: string): string | undefined {
  const [, endpoint = '', transport = ''] = /^(.+)\/(tcp|udp)$/.exec(text) ?? []
  const bound = canonicalEndpoint(endpoint, 0)
  return bound === undefined ? undefined : `${bound}/${transport}`
}

export const bindProblem = (key: string) =>
  canonicalBind(key) === undefined ? 'a bound endpoint is written ADDR:PORT/tcp or ADDR:PORT/udp' : undefined

const NO_ENDPOINT = 'this is no ADDR:PORT ([v6]:PORT)'

export const Place = z.string().transform((text, context): Endpoint => {
  const endpoint = readPlace(text)
  if (endpoint && endpoint.port > 0) return endpoint
  context.issues.push({ code: 'custom', message: NO_ENDPOINT, input: text })
  return z.NEVER
})

/** What must be `ADDR:PORT`, in one spelling. */
export const endpointProblem = (key: string) => (canonicalEndpoint(key, 1) === undefined ? NO_ENDPOINT : undefined)
export const canonicalPlace = (text: string) => canonicalEndpoint(text, 1) as string
