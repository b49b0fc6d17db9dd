/** Hosts as a configuration writes them. Brackets around an IPv6 address are no part of it. */
import { hostProblem, parseAddress, unmap } from '../endpoint.ts'
import type { Reading } from './issue.ts'

/** `directive`: the one that it belongs to, for the hint. */
export function readHost(written: string, directive = 'remote'): Reading<string> {
  const host = /^\[[^[\]]*\]$/.test(written) ? written.slice(1, -1) : written
  const isBracketed = host !== written
  const problem = isBracketed && !host.includes(':') ? 'only an IPv6 address stands in brackets' : hostProblem(host)
  if (problem === undefined) return { value: host }
  return { message: problem, hint: isBracketed && !host.includes(':') ? `write ${host}` : hostHint(written, directive) }
}

/** A host to bind; `*` is none, and the value is then undefined. */
export function readLocalHost(written: string): Reading<string | undefined> {
  if (written === '*') return { value: undefined }
  const host = readHost(written, 'local')
  const address = host.message === undefined ? parseAddress(host.value) : undefined
  const inside = address && unmap(address)
  if (!inside) return host
  const hint = `the IPv4 address in it is ${inside.address}`
  return { code: 'R1', message: 'a mapped address cannot be bound', hint }
}

function hostHint(written: string, directive: string): string | undefined {
  const [, scheme, host, port] = /^([a-z]+:\/\/)?([\w.-]+|\[[\da-fA-F:.]+\])(?::(\d+))?\/?$/.exec(written) ?? []
  if (host === undefined || (scheme === undefined && port === undefined)) return undefined
  return `write the host alone${port === undefined ? '' : ', and the port as a word of its own'}: ${directive} ${host} ${port ?? ''}`.trimEnd()
}
