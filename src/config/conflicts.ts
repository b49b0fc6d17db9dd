/**
 * What is wrong between the parts of a configuration that are each right: rule R6 for literals, and remotes that can
 * never be dialled. For texts and objects alike.
 */
import { type Address, type Family, parseAddress, undialable } from '../endpoint.ts'
import type { Problem } from './issue.ts'
import type { ClientConfig, Remote } from './schema.ts'

export interface Conflict extends Problem {
  readonly path: readonly (string | number)[]
}

export function conflictsOf(config: ClientConfig): readonly Conflict[] {
  return [...undialables(config), ...localAgainstRemote(config)]
}

function* undialables({ remotes }: ClientConfig): Generator<Conflict> {
  for (const [index, { host }] of remotes.entries()) {
    const address = parseAddress(host)
    const why = address && undialable(address)
    if (why === undefined) continue
    const message = `${host} is ${why}: this remote will be skipped`
    yield { severity: 'warning', code: 'value', message, path: ['remotes', index, 'host'] }
  }
}

interface Pair {
  readonly index: number
  readonly local: Address
  readonly remote: Remote
}

function* localAgainstRemote({ remotes }: ClientConfig): Generator<Conflict> {
  const pairs = remotes.flatMap((remote, index): Pair[] => {
    const local = parseAddress(remote.local?.host ?? '')
    return local ? [{ index, local, remote }] : []
  })
  const unfit = pairs.filter(({ local, remote }) => (knownFamily(remote) ?? local.family) !== local.family)
  const none = unfit.length === remotes.length
  // One issue for each local address, however many remotes it fits badly.
  for (const [address, { index, local }] of new Map(unfit.toReversed().map((pair) => [pair.local.address, pair]))) {
    const path = ['remotes', index, 'local', 'host']
    const hosts = unfit.filter((pair) => pair.local.address === address).map(({ remote }) => remote.host)
    const of = `${address} is ${local.family}`
    if (none) {
      const message = `${of}, and its remotes are ${otherThan(local.family)} (${listed(hosts)}): nothing can be tried`
      yield {
        severity: 'error',
        code: 'R6',
        message,
        hint: `bind an ${otherThan(local.family)} address, or none`,
        path,
      }
    } else {
      const message = `${of}: ${listed(hosts)} will be skipped`
      yield { severity: 'warning', code: 'R6', message, path }
    }
  }
}

const otherThan = (family: Family): Family => (family === 'ipv4' ? 'ipv6' : 'ipv4')
const knownFamily = ({ host, family }: Remote) => parseAddress(host)?.family ?? family

function listed(hosts: readonly string[]): string {
  const shown = hosts.slice(0, 3).join(', ')
  return hosts.length > 3 ? `${shown} and ${hosts.length - 3} more` : shown
}
