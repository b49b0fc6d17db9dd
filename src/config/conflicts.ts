/**
 * What is wrong between the parts of a configuration that are each right: rule R6 for literals, and remotes that can
 * never be dialled. For texts and objects alike.
 */
import { type Family, parseAddress, undialable } from '../endpoint.ts'
import type { Problem } from './issue.ts'
import { type ClientConfig, type Remote, doorOf, doorPath } from './schema.ts'

export interface Conflict extends Problem {
  readonly path: readonly (string | number)[]
}

/** What an attempt would be bound to, as far as its family is known. `text`: what a person calls it. */
export interface Bound {
  readonly text: string
  readonly family: Family
  /** Where it was said. */
  readonly path: Conflict['path']
}

export function conflictsOf(config: ClientConfig): readonly Conflict[] {
  return [
    ...peersOnly(config),
    ...unlabelled(config),
    ...undialables(config.remotes),
    ...boundAgainstRemotes(config.remotes, ownLocal),
  ]
}

function* peersOnly({ remotes }: ClientConfig): Generator<Conflict> {
  for (const [index, { confirm }] of remotes.entries()) {
    if (confirm.kind !== 'peer') continue
    const message = '"confirm peer" is for peers, and this is the configuration of a client'
    yield { severity: 'error', code: 'R5', message, path: ['remotes', index, 'confirm'] }
  }
}

/** Only what we look up ourselves gets a random label. */
function* unlabelled({ remotes, remoteRandomHostname }: ClientConfig): Generator<Conflict> {
  const told = remotes.filter(({ host, hops }) => hops.length > 0 && !parseAddress(host))
  if (!remoteRandomHostname || told.length === 0) return
  const names = listed([...new Set(told.map(({ host }) => host))])
  const message = `no label is put before ${names}: hops are told the names of remotes as they are`
  yield { severity: 'warning', code: 'R9', message, path: ['remoteRandomHostname'] }
}

export function* undialables(remotes: readonly Remote[]): Generator<Conflict> {
  for (const [index, remote] of remotes.entries()) {
    const { host } = doorOf(remote)
    const address = parseAddress(host)
    const why = address && undialable(address)
    if (why === undefined) continue
    const message = `${host} is ${why}: this remote will be skipped`
    yield { severity: 'warning', code: 'value', message, path: ['remotes', index, ...doorPath(remote), 'host'] }
  }
}

export function ownLocal({ local }: Remote, index: number): Bound | undefined {
  const address = parseAddress(local?.host ?? '')
  return address && { text: address.address, family: address.family, path: ['remotes', index, 'local', 'host'] }
}

/** Rule R6. */
export function* boundAgainstRemotes(
  remotes: readonly Remote[],
  boundOf: (remote: Remote, index: number) => Bound | undefined,
): Generator<Conflict> {
  const pairs = remotes.flatMap((remote, index) => {
    const bound = boundOf(remote, index)
    return bound ? [{ bound, remote }] : []
  })
  const unfit = pairs.filter(({ bound, remote }) => (knownFamily(remote) ?? bound.family) !== bound.family)
  const none = unfit.length === remotes.length
  // One issue for each local address, however many remotes it fits badly.
  for (const [text, { bound }] of new Map(unfit.toReversed().map((pair) => [pair.bound.text, pair]))) {
    const theirs = unfit.filter((pair) => pair.bound.text === text).map(({ remote }) => remote)
    const hosts = theirs.map((remote) => doorOf(remote).host)
    const { family, path } = bound
    const of = `${text} is ${family}`
    if (none) {
      const message = `${of}, and its ${nounFor(theirs)} are ${otherThan(family)} (${listed(hosts)}): nothing can be tried`
      const hint = `bind an ${otherThan(family)} address, or none`
      yield { severity: 'error', code: 'R6', message, hint, path }
    } else {
      const message = `${of}: ${listed(hosts)} will be skipped`
      yield { severity: 'warning', code: 'R6', message, path }
    }
  }
}

/** What its doors are. */
function nounFor(remotes: readonly Remote[]): string {
  const hops = remotes.filter(({ hops: [hop] }) => hop !== undefined).length
  if (hops === 0) return 'remotes'
  return hops === remotes.length ? 'first hops' : 'remotes and first hops'
}

const otherThan = (family: Family): Family => (family === 'ipv4' ? 'ipv6' : 'ipv4')
const knownFamily = (remote: Remote) => parseAddress(doorOf(remote).host)?.family ?? remote.family

export function listed(hosts: readonly string[]): string {
  const shown = hosts.slice(0, 3).join(', ')
  return hosts.length > 3 ? `${shown} and ${hosts.length - 3} more` : shown
}
