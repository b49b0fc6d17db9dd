/**
 * A peer's configuration back as text: its policy as the word of `proto` that implies it, what is bound, and its remotes,
 * each in a `<connection>` block as soon as one of them differs from what stands above.
 */
import type { PeerConfig } from './peer-schema.ts'
import { IMPLIED } from './policy.ts'
import type { Printed } from './print.ts'
import { confirmLine, localLines, walkLines } from './print-walk.ts'
import type { Remote } from './schema.ts'
import { block, linesThatDiffer, seconds, word } from './written.ts'

export function printPeer(config: PeerConfig): Printed {
  const { remotes, listen } = config
  const [first] = remotes
  const isShared = !listen && remotes.every((remote) => isEqual(remote.local, first?.local))
  const family = familyOf(config)
  const own = remotes.map((remote) => [
    ...familyLine(remote.family === family ? undefined : remote.family),
    ...(listen || isShared ? [] : bindLines(remote.local)),
    ...linesThatDiffer([
      [remote.connectTimeout !== config.connectTimeout, `connect-timeout ${seconds(remote.connectTimeout)}`],
      [!isEqual(remote.confirm, { kind: config.confirm }), confirmLine(remote.confirm)],
    ]),
  ])
  const inBlocks = own.some((lines) => lines.length > 0)
  const lines = [
    'mode p2p',
    ...(listen ? listenLines(config, listen) : []),
    ...(isShared ? bindLines(first?.local) : []),
    ...familyLine(family),
    ...globalLines(config),
    ...remotes.flatMap((remote, index) => {
      const line = remoteLine(config, remote)
      return inBlocks ? block('connection', [line, ...(own[index] as readonly string[])]) : [line]
    }),
  ]
  return { text: `${lines.join('\n')}\n`, handles: [] }
}

/** What is forced for everything. To force it for the sockets alone there is `bind ipv6only`. */
function familyOf({ listen, remotes }: PeerConfig): Remote['family'] {
  const [first] = remotes
  const shared = remotes.every(({ family }) => family === first?.family) ? first?.family : undefined
  if (!listen) return shared
  return listen.family === 'ipv4' || remotes.length === 0 || shared === listen.family ? listen.family : undefined
}

function listenLines(config: PeerConfig, listen: NonNullable<PeerConfig['listen']>): readonly string[] {
  const { sockets, waits } = config
  const proto = waits ? (`${listen.proto}-server` as const) : 'udp'
  return [
    `proto ${proto}`,
    ...linesThatDiffer([
      [sockets !== IMPLIED[proto].sockets, `p2p-sockets ${sockets}`],
      [listen.family !== familyOf(config), 'bind ipv6only'],
    ]),
    ...localLines(listen),
  ]
}

const remoteLine = ({ listen }: PeerConfig, { host, port, proto }: Remote) =>
  `remote ${word(host)} ${port}${listen ? '' : ` ${proto}-client`}`

const bindLines = (local: Remote['local']) => (local ? localLines(local) : ['nobind'])
const familyLine = (family: Remote['family']) => (family ? [family] : [])

function globalLines(config: PeerConfig): readonly string[] {
  const { bindPolicy, float, confirm, connectTimeout, keepalive } = config
  const { ping, restart } = keepalive
  return [
    ...linesThatDiffer([
      [bindPolicy !== 'all', `bind-policy ${bindPolicy}`],
      [float, 'float'],
      [confirm !== 'peer', `confirm ${confirm}`],
      [connectTimeout !== 10_000, `connect-timeout ${seconds(connectTimeout)}`],
      [ping !== undefined, `ping ${seconds(ping ?? 0)}`],
      [restart !== undefined, `ping-restart ${seconds(restart ?? 0)}`],
    ]),
    ...walkLines(config),
  ]
}

const isEqual = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b)
