/**
 * Two hosts with a cable between them, of both families: two network namespaces of their own, joined by a veth pair.
 * Needs Linux, `ip`, `nft`, and namespaces that an ordinary user may make.
 */
import { type ChildProcessWithoutNullStreams, execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import type { Family } from '../../src/endpoint.ts'

export interface Host {
  readonly ipv4: string
  readonly ipv6: string
  /** In front of a command, it runs there. */
  readonly inside: readonly string[]
  /** From now on nothing of that family arrives, and nobody is told. */
  readonly deafen: (family: Family) => void
}

export interface TwoHosts {
  readonly a: Host
  readonly b: Host
  readonly close: () => Promise<void>
}

/** The reason, where there can be none; `undefined` where there can. */
export function noHostsBecause(): string | undefined {
  const probe = 'ip link add probe type veth peer name eborp && nft add table inet probe'
  const { status, error, stderr } = spawnSync('unshare', ['-rn', 'sh', '-ec', probe], { encoding: 'utf8' })
  return status === 0 ? undefined : (error?.message ?? (stderr.trim().split('\n').at(-1) || `exit code ${status}`))
}

const ADDRESSES = [
  { ipv4: '192.0.2.1', ipv6: '2001:db8::1' },
  { ipv4: '192.0.2.2', ipv6: '2001:db8::2' },
] as const

export async function openTwoHosts(): Promise<TwoHosts> {
  const first = await held('unshare', '-rn')
  const second = await held(...into(first), 'unshare', '-n')
  const [insideFirst, insideSecond] = [into(first), into(second)]
  run(insideFirst, `ip link add wire type veth peer name wire netns ${second.pid}`)
  const [a, b] = [hostIn(insideFirst, 0), hostIn(insideSecond, 1)]
  const close = async () => {
    for (const holder of [second, first]) {
      holder.stdin.end()
      await once(holder, 'exit')
    }
  }
  return { a, b, close }
}

type Inside = readonly [string, ...string[]]

function hostIn(inside: Inside, index: 0 | 1): Host {
  const { ipv4, ipv6 } = ADDRESSES[index]
  run(
    inside,
    `ip link set lo up
     ip address add ${ipv4}/24 dev wire
     ip address add ${ipv6}/64 dev wire nodad
     ip link set wire up
     nft 'add table inet deaf; add chain inet deaf ears { type filter hook input priority 0; }'`,
  )
  // Neighbours have to be found all the same.
  const deafen = (family: Family) =>
    run(inside, `nft add rule inet deaf ears meta nfproto ${family} meta l4proto udp drop`)
  return { ipv4, ipv6, inside, deafen }
}

/** A namespace lives as long as this child, and the child as long as its input is open. */
async function held(...[command, ...args]: Inside): Promise<ChildProcessWithoutNullStreams> {
  const holder = spawn(command, [...args, 'sh', '-c', 'echo up && exec cat'])
  await once(holder.stdout, 'data')
  return holder
}

const into = ({ pid }: ChildProcessWithoutNullStreams): Inside => {
  return ['nsenter', '--target', String(pid), '--user', '--net', '--preserve-credentials', '--']
}

function run([command, ...args]: Inside, script: string): void {
  execFileSync(command, [...args, 'sh', '-ec', script], { stdio: 'ignore' })
}
