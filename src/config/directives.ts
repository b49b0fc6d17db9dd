/**
 * Every directive of the language: ours, and all that OpenVPN 2.6 and 2.7 know, but those of plugins. What these names
 * mean, and to whom, is decided in this file and nowhere else; how values are read is the business of
 * `client-settings.ts`, `server-settings.ts` and `peer-settings.ts`. The names of plugins come in from outside (`foreign` and `plugins` of
 * `parseConfig`; the Node ring has the lists): this table knows none.
 */
import type { PluginDirective } from '../plugins/plugin.ts'

export type Directive =
  /** Used. `usage` gives the values: `host [port]`; `...` takes any number more. */
  | {
      readonly kind: 'used'
      readonly usage: string
      readonly inBlock: boolean
      /** Whose it is, and what becomes of it in the configurations of others; everybody's without it. */
      readonly only?: Only | undefined
      /** Whose it is, and what for; the language has no meaning for it. */
      readonly registered?: { readonly plugin: string; readonly makes: PluginDirective['makes'] } | undefined
    }
  /** Known to OpenVPN, nothing to do with where packets go. `why` completes "ignored: it concerns ...". */
  | { readonly kind: 'ignored'; readonly why: string; readonly inBlock: boolean }
  /** It would change where packets go, and we do not honour it: never ignored in silence. */
  | { readonly kind: 'refused'; readonly why: string }

export type Whose = 'client' | 'server' | 'peer'

export interface Only {
  /** Of two the first is named to those who are neither. */
  readonly whose: readonly [Whose, ...Whose[]]
  readonly elsewhere: Readonly<Partial<Record<Whose, Elsewhere>>>
}

export type Elsewhere =
  | { readonly kind: 'misplaced'; readonly hint?: string | undefined }
  /** Understood, and said to have no effect. */
  | { readonly kind: 'ineffective' }
  | { readonly kind: 'ignored'; readonly why: string }

/** What a directive outside of this table may be. */
export type ForeignDirective = Extract<Directive, { readonly kind: 'ignored' | 'refused' }>

/** Of the directives of plugins that make hops: who listens has no way to anybody. */
export const FOR_CLIENTS: Only = {
  whose: ['client'],
  elsewhere: { server: { kind: 'misplaced' }, peer: { kind: 'misplaced' } },
}

type Usages = Readonly<Record<string, string>>

const USED_ANYWHERE: Usages = {
  proto: 'udp|tcp',
  ipv4: '',
  ipv6: '',
  port: 'port',
  local: 'host [port] [proto]',
  lport: 'port',
  bind: '[ipv6only]',
}

const USED_GLOBALLY: Usages = {
  mode: 'client|server|p2p',
  'resolve-timeout': 'seconds',
  config: 'file',
  'ignore-unknown-option': 'name...',
}

const USED_BY_DIALERS_ANYWHERE: Usages = {
  remote: 'host [port] [proto]',
  rport: 'port',
  nobind: '',
  float: '',
  'connect-timeout': 'seconds',
  'server-poll-timeout': 'seconds',
  'connect-retry': 'seconds [max]',
  'connect-retry-max': 'rounds',
  confirm: 'none|openvpn|peer|reply [text]',
}

const USED_BY_DIALERS: Usages = {
  'tls-client': '',
  'proto-force': 'udp|tcp',
  'remote-random': '',
  'remote-random-hostname': '',
  'resolv-retry': 'seconds|infinite',
  pacing: 'policy',
  'attempt-delay': 'milliseconds',
  'max-in-flight': 'n',
  'candidate-order': 'order [n]',
}

const USED_BY_CLIENTS_ANYWHERE: Usages = {
  'tls-auth': 'file [direction]',
  'tls-crypt': 'file',
  'tls-crypt-v2': 'file',
  'key-direction': '0|1',
  // OpenVPN takes `auth` for all blocks at once. The digest belongs to the key, which it takes per block.
  auth: 'digest',
}

const USED_BY_CLIENTS: Usages = {
  client: '',
  pull: '',
}

const USED_BY_PEERS: Usages = {
  'p2p-sockets': 'roles|all|pinned',
  ping: 'seconds',
  'ping-restart': 'seconds',
  keepalive: 'seconds seconds',
}

const USED_BY_BINDERS: Usages = {
  'tls-server': '',
  'bind-policy': 'all|any',
}

const USED_BY_SERVERS: Usages = {
  server: 'network netmask [nopool]',
  'server-ipv6': 'network/bits',
  'server-bridge': '[gateway] [netmask] [pool-start] [pool-end]',
  'max-clients': 'n',
  'max-pending': 'n',
  'connect-freq': 'n seconds',
  'connect-freq-source': 'n seconds',
  'hand-window': 'seconds',
  multihome: '[same-interface]',
  'amplification-limit': '',
}

/** Plugins carry clients, or give sockets to servers. */
const USED_BY_CLIENTS_AND_SERVERS: Usages = {
  'socket-plugin': 'name...',
}

/** Of what only who dials uses, what a server must not have. The rest has no effect there. */
const MISPLACED_IN_SERVERS: ReadonlyMap<string, string | undefined> = new Map([
  ['client', undefined],
  ['pull', undefined],
  ['tls-client', undefined],
  ['remote', 'a server waits for its clients; to bind an address write: local HOST [PORT]'],
  ['nobind', 'a server always binds: remove it'],
  ['confirm', 'a server sends nothing before a client does: remove it'],
  ['p2p-sockets', undefined],
])

const ENCRYPTION = "OpenVPN's encryption and certificates"
const VPN_SERVERS = 'what a VPN server does for its clients'
const PINGS = 'pings inside the encryption'

/** Of what only one of them uses, what is nothing to the others. */
const IGNORED_ELSEWHERE: Readonly<Record<string, string>> = {
  'tls-auth': ENCRYPTION,
  'tls-crypt': ENCRYPTION,
  'tls-crypt-v2': ENCRYPTION,
  'key-direction': ENCRYPTION,
  auth: ENCRYPTION,
  'hand-window': ENCRYPTION,
  ping: PINGS,
  'ping-restart': PINGS,
  keepalive: PINGS,
}

const REFUSED: Readonly<Record<string, string>> = {
  mark: 'routing rules may send marked packets another way',
  'bind-dev': 'it ties the socket to one network device',
  'port-share': 'it hands foreign connections on to another server',
  // With a name it is looked up in place of the remote; `preresolve` only says when, and is ignored.
  'ip-remote-hint': 'its address would replace the remote',
  // Another program answers with the destination of each attempt.
  'management-query-remote': 'another program would choose the remote',
}

/**
 * What does not concern where packets go, by what it concerns. Judged one by one where it is not plain: buffer sizes
 * and flags of a socket change how packets travel; `persist-remote-ip` and `preresolve` change when a name is asked
 * for, which is ours to decide (each round); routes, DNS and `redirect-gateway` steer what goes through the tunnel.
 */
const IGNORED: Readonly<Record<string, string>> = {
  'the tunnel device':
    'dev dev-node dev-type tun-mtu tun-mtu-extra tun-mtu-max tun-max-mtu tun-ipv6 topology ifconfig ifconfig-ipv6 ' +
    'ifconfig-noexec ifconfig-nowarn lladdr persist-tun txqueuelen mktun rmtun ip-win32 tap-sleep windows-driver ' +
    'dhcp-option dhcp-release dhcp-renew dhcp-pre-release dhcp-internal rdns-internal register-dns allow-nonadmin ' +
    'disable-dco block-ipv6 iproute route-method service win-sys pause-exit show-adapters show-net show-net-up ' +
    'show-valid-subnets show-gateway',
  'what goes through the tunnel':
    'route route-ipv6 route-gateway route-ipv6-gateway route-metric route-delay route-noexec route-nopull ' +
    'route-table redirect-gateway redirect-private allow-pull-fqdn allow-recursive-routing client-nat dns ' +
    'dns-updown block-outside-dns max-routes pull-filter',
  [ENCRYPTION]:
    'ca capath cert key dh pkcs12 extra-certs crl-verify cipher data-ciphers data-ciphers-fallback ncp-ciphers ' +
    'ncp-disable keysize secret tls-cipher tls-ciphersuites tls-groups tls-cert-profile tls-version-min ' +
    'tls-version-max tls-verify tls-export-cert tls-remote remote-cert-eku remote-cert-ku remote-cert-tls ' +
    'ns-cert-type verify-hash verify-x509-name verify-client-cert peer-fingerprint x509-track x509-username-field ' +
    'ecdh-curve engine providers prng replay-window replay-persist no-replay no-iv mute-replay-warnings ' +
    'test-crypto use-prediction-resistance key-method key-derivation keying-material-exporter ' +
    'force-tls-key-material-export tran-window reneg-bytes reneg-pkts reneg-sec tls-timeout single-session ' +
    'tls-exit tls-crypt-v2-verify tls-crypt-v2-max-age allow-deprecated-insecure-static-crypto cryptoapicert ' +
    'pkcs11-cert-private pkcs11-id pkcs11-id-management pkcs11-pin-cache pkcs11-private-mode ' +
    'pkcs11-protected-authentication pkcs11-providers show-ciphers show-digests show-tls show-engines show-groups ' +
    'show-curves show-pkcs11-ids genkey compat-mode compat-names no-name-remapping protocol-flags',
  'the log in':
    'askpass auth-nocache auth-retry auth-token auth-token-user auth-user-pass auth-user-pass-optional ' +
    'auth-user-pass-verify auth-gen-token auth-gen-token-secret static-challenge push-peer-info ' +
    'username-as-common-name override-username client-cert-not-required',
  compression: 'allow-compression comp-lzo comp-noadapt compress',
  [PINGS]: 'ping-exit ping-timer-rem inactive session-timeout',
  'how packets travel, not where':
    'fragment mssfix link-mtu udp-mtu mtu-disc mtu-dynamic mtu-test max-packet-size passtos sndbuf rcvbuf ' +
    'socket-flags tcp-nodelay tcp-queue-limit bcast-buffers fast-io shaper explicit-exit-notify gremlin disable-occ ' +
    'opt-verify',
  'when names are asked for, which is each round here': 'preresolve persist-remote-ip persist-local-ip',
  'the process':
    'cd chroot daemon user group setcon nice mlock writepid tmp-dir log log-append syslog verb mute status ' +
    'status-version memstats machine-readable-output suppress-timestamps errors-to-stderr echo parameter remap-usr1 ' +
    'persist-key setenv setenv-safe help version msg-channel',
  'scripts and plugins of OpenVPN':
    'up up-delay up-restart down down-pre ipchange route-up route-pre-down client-connect client-disconnect ' +
    'client-crresponse learn-address script-security plugin',
  'the management interface':
    'management management-client management-client-auth management-client-group management-client-user ' +
    'management-client-pf management-external-cert management-external-key management-forget-disconnect ' +
    'management-hold management-log-cache management-query-passwords management-signal management-up-down',
  [VPN_SERVERS]:
    'connect-freq-initial push push-remove push-reset push-continuation peer-id client-config-dir ccd-exclusive ' +
    'client-to-client disable duplicate-cn hash-size ifconfig-pool ifconfig-pool-linear ifconfig-ipv6-pool ' +
    'ifconfig-pool-persist ifconfig-push ifconfig-ipv6-push ifconfig-push-constraint iroute iroute-ipv6 ' +
    'max-routes-per-client stale-routes-check vlan-accept vlan-pvid vlan-tagging',
}

/** What OpenVPN allows in a `<connection>`, and we ignore everywhere. */
const IGNORED_IN_BLOCK = new Set(
  'link-mtu udp-mtu tun-mtu tun-mtu-max tun-max-mtu tun-mtu-extra max-packet-size mtu-dynamic fragment mtu-disc mssfix explicit-exit-notify'.split(
    ' ',
  ),
)

const EVERYBODY: readonly Whose[] = ['client', 'server', 'peer']

function* used(usages: Usages, inBlock: boolean, whose?: Only['whose']): Generator<readonly [string, Directive]> {
  for (const [name, usage] of Object.entries(usages))
    yield [name, { kind: 'used', usage, inBlock, only: whose && onlyOf(name, whose) }]
}

function onlyOf(name: string, whose: Only['whose']): Only {
  const others = EVERYBODY.filter((other) => !whose.includes(other))
  return { whose, elsewhere: Object.fromEntries(others.map((other) => [other, elsewhereOf(name, other)])) }
}

function elsewhereOf(name: string, where: Whose): Elsewhere {
  const why = IGNORED_ELSEWHERE[name]
  if (why !== undefined) return { kind: 'ignored', why }
  if (name === 'multihome') return where === 'peer' ? { kind: 'ineffective' } : { kind: 'ignored', why: VPN_SERVERS }
  if (where !== 'server') return { kind: 'misplaced' }
  if (!MISPLACED_IN_SERVERS.has(name)) return { kind: 'ineffective' }
  return { kind: 'misplaced', hint: MISPLACED_IN_SERVERS.get(name) }
}

function* entries(): Generator<readonly [string, Directive]> {
  yield* used(USED_ANYWHERE, true)
  yield* used(USED_GLOBALLY, false)
  yield* used(USED_BY_DIALERS_ANYWHERE, true, ['client', 'peer'])
  yield* used(USED_BY_DIALERS, false, ['client', 'peer'])
  yield* used(USED_BY_CLIENTS_ANYWHERE, true, ['client'])
  yield* used(USED_BY_CLIENTS, false, ['client'])
  yield* used(USED_BY_PEERS, false, ['peer'])
  yield* used(USED_BY_BINDERS, false, ['server', 'peer'])
  yield* used(USED_BY_SERVERS, false, ['server'])
  yield* used(USED_BY_CLIENTS_AND_SERVERS, false, ['client', 'server'])
  for (const [name, why] of Object.entries(REFUSED)) yield [name, { kind: 'refused', why }]
  for (const [why, names] of Object.entries(IGNORED))
    for (const name of names.split(' ')) yield [name, { kind: 'ignored', why, inBlock: IGNORED_IN_BLOCK.has(name) }]
}

export const DIRECTIVES: ReadonlyMap<string, Directive> = new Map(entries())

/** How many values a usage asks for: `host [port]` is 1 to 2. */
export function valuesOf(usage: string): { readonly min: number; readonly max: number } {
  const words = usage === '' ? [] : usage.split(' ')
  const min = words.filter((word) => !word.startsWith('[')).length
  return { min, max: usage.endsWith('...') ? Infinity : words.length }
}
