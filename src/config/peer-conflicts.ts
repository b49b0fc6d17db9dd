/**
 * What must not stand together in a peer's configuration (R5, R6): for texts and objects alike. What only a text can get
 * wrong, its words, is the business of `compile-peer.ts`.
 */
import { type Address, parseAddress, undialable } from '../endpoint.ts'
import { type Bound, type Conflict, boundAgainstRemotes, listed, ownLocal, undialables } from './conflicts.ts'
import { type PeerConfig, boundOnly } from './peer-schema.ts'
import type { Listen } from './server-schema.ts'

export function peerConflictsOf(config: PeerConfig): readonly Conflict[] {
  const { listen } = config
  if (binds(config) !== (listen !== undefined)) return [shapeless(config)]
  return [
    ...(listen ? shared(config, listen) : alone(config)),
    ...(config.sockets === 'pinned' && listen ? pinned(config, listen) : []),
    ...(config.waits ? waiting(config) : undialables(config.remotes)),
    ...confirmations(config),
    ...ineffective(config),
  ]
}

const binds = ({ sockets, waits }: PeerConfig) => sockets !== 'roles' || waits

function shapeless({ sockets, waits, listen }: PeerConfig): Conflict {
  if (listen) return fault(['listen'], 'who dials binds for each attempt: say it in the "local" of the remotes')
  const what = waits ? 'who waits' : `"${sockets}"`
  return fault(['listen'], `${what} binds its sockets once, for all attempts: say in "listen" which`)
}

function* alone({ remotes }: PeerConfig): Generator<Conflict> {
  if (remotes.length === 0) yield fault(['remotes'], 'there is no remote to connect to')
  yield* boundAgainstRemotes(remotes, ownLocal)
}

function* shared({ sockets, waits, remotes }: PeerConfig, listen: Listen): Generator<Conflict> {
  if (sockets !== 'roles' && waits) yield fault(['waits'], `with "${sockets}" both peers do the same: nobody waits`)
  if (sockets !== 'roles' && listen.proto === 'tcp') yield fault(['listen', 'proto'], `"${sockets}" is for UDP`)
  for (const [index, { proto, local, family, host, port }] of remotes.entries()) {
    const at = ['remotes', index]
    if (proto !== listen.proto) yield fault([...at, 'proto'], `what is bound is ${listen.proto}, and this is ${proto}`)
    if (local) yield fault([...at, 'local'], 'the sockets are bound for all remotes: say it in "listen"')
    if (listen.family === 'ipv4' && !family) {
      const hint = 'force it here, too; or bind 0.0.0.0'
      yield fault([...at, 'family'], 'the sockets are forced to be ipv4, and this remote is not', hint)
    }
    if (proto === 'udp' && port === listen.port && isSame(parseAddress(host), parseAddress(listen.host ?? '')))
      yield fault([...at, 'host'], `${host} is the local address, too: this peer would talk to itself`)
  }
  const bound = boundBy(listen)
  if (sockets !== 'pinned') yield* boundAgainstRemotes(remotes, () => bound)
}

function boundBy(listen: Listen): Bound | undefined {
  const only = boundOnly(listen)
  const part = parseAddress(listen.host ?? '') ? 'host' : 'family'
  return only && { text: only.address, family: only.family, path: ['listen', part] }
}

function* pinned({ remotes }: PeerConfig, { host }: Listen): Generator<Conflict> {
  const [remote, second] = remotes
  const local = parseAddress(host ?? '')
  const there = parseAddress(remote?.host ?? '')
  const why = local && undialable(local)
  if (!remote) {
    yield fault(['sockets'], 'a pinned peer has one remote, and here is none', 'add a line: remote ADDRESS [PORT]')
  } else if (second) {
    const hosts = listed(remotes.map((each) => each.host))
    yield fault(['remotes', 1], `a pinned peer has one remote, and here are ${remotes.length}: ${hosts}`, ONE)
  } else if (!there) {
    const message = `${remote.host} is a name, which may stand for addresses of both families`
    yield fault(['remotes', 0, 'host'], message, 'write the address of the peer: remote ADDRESS [PORT]')
  }
  if (host === undefined) {
    yield fault(['sockets'], 'a pinned peer has one local address, and here is none', LOCAL)
  } else if (!local) {
    const message = `${host} is a name, which may stand for addresses of both families`
    yield fault(['listen', 'host'], message, LOCAL)
  } else if (why !== undefined) {
    yield fault(['listen', 'host'], `a pinned peer has one local address, and ${host} is ${why}`, LOCAL)
  } else if (there && !second && there.family !== local.family) {
    const message = `${local.address} is ${local.family}, and ${there.address} is ${there.family}`
    yield fault(['listen', 'host'], `a pinned peer has one family: ${message}`, 'write two addresses of one family')
  }
}

const LOCAL = 'write the address to bind: local ADDRESS'
const ONE = 'keep one of them; to have the others tried, too, leave "pinned" away'

/** Its remotes say who may be the peer. Nobody is looked up for that. */
function* waiting({ remotes, float }: PeerConfig): Generator<Conflict> {
  for (const [index, { host, confirm }] of remotes.entries()) {
    if (confirm.kind === 'reply') {
      const message = '"confirm reply" is for the one that sends first, and this peer waits'
      yield fault(['remotes', index, 'confirm'], message, 'write "confirm peer" or "confirm none"')
    }
    if (float || parseAddress(host)) continue
    const message = `${host} is a name: of a peer that waits, a remote is the address that the other comes from`
    yield fault(['remotes', index, 'host'], message, 'write the address; or "float", to take whoever confirms')
  }
}

function* confirmations({ remotes }: PeerConfig): Generator<Conflict> {
  for (const [index, { confirm }] of remotes.entries()) {
    if (confirm.kind !== 'openvpn') continue
    yield fault(['remotes', index, 'confirm'], '"confirm openvpn" is never used on peers: it takes their session')
  }
}

/** Understood, and without effect where it stands. */
function* ineffective({ listen, remotes, keepalive, float, confirm }: PeerConfig): Generator<Conflict> {
  const transports = listen ? [listen.proto] : remotes.map(({ proto }) => proto)
  const isTcp = transports.every((transport) => transport === 'tcp')
  const kinds = remotes.length > 0 ? remotes.map((remote) => remote.confirm.kind) : [confirm]
  const isForeign = !kinds.includes('peer')
  const { ping, restart } = keepalive
  if (isTcp && (ping ?? restart) !== undefined) {
    const message = 'pings have no effect over TCP: there, the system tells when the peer is gone'
    yield { severity: 'warning', code: 'R5', message, path: ['keepalive'] }
  } else if (isForeign && ping !== undefined) {
    const message = 'a ping has no effect without "confirm peer": to the other it would be none'
    yield { severity: 'warning', code: 'R5', message, path: ['keepalive', 'ping'] }
  }
  // Who binds for all is found by whoever comes, and with "float" takes those whom nobody configured.
  if (!float || listen || !(isTcp || isForeign)) return
  const message = isTcp ? 'over TCP nobody moves' : 'without "confirm peer" nobody can prove to have moved'
  yield { severity: 'warning', code: 'R5', message: `"float" has no effect: ${message}`, path: ['float'] }
}

const isSame = (a: Address | undefined, b: Address | undefined) => a !== undefined && a.address === b?.address

function fault(path: Conflict['path'], message: string, hint?: string): Conflict {
  return { severity: 'error', code: 'R5', message, hint, path }
}
