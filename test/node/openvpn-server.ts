/**
 * Real OpenVPN servers, in a network namespace of their own: certificates are made on the spot by `openssl`, and
 * whoever wants to reach a server runs in the namespace too (`lab.run`).
 *
 * `openLab` says why it cannot, where the binary or the right to make a namespace is missing.
 */
import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

interface ServerOptions {
  readonly proto: 'udp' | 'tcp'
  readonly port: number
  /** A loopback address; 127.0.0.1 by default. */
  readonly local?: string
  /** Further lines of its configuration: `tls-auth ta.key 0`. */
  readonly directives?: readonly string[]
}

interface OpenvpnServer {
  /** Ends it, and waits until it has ended. */
  readonly stop: () => Promise<void>
  /** What it has logged so far. */
  readonly log: () => string
}

export interface Lab {
  /** Holds `ca.crt`, the server's certificate, and `ta.key` for `tls-auth` and `tls-crypt`; removed with the lab. */
  readonly folder: string
  /** Starts a server and waits until it serves. */
  readonly serve: (options: ServerOptions) => Promise<OpenvpnServer>
  /** Runs a program in the namespace to its end. */
  readonly run: (command: string, args: readonly string[]) => Promise<{ code: number; stdout: string; stderr: string }>
  readonly close: () => Promise<void>
}

/** The reason, where there can be no lab here; `undefined` where there can. */
export function noLabBecause(): string | undefined {
  const probes = [
    ['the openvpn binary is not installed', 'openvpn', ['--version']],
    ['the openssl binary is not installed', 'openssl', ['version']],
    ['network namespaces are not allowed here (unshare -rn)', 'unshare', ['-rn', 'ip', 'link', 'set', 'lo', 'up']],
    ['/dev/net/tun cannot be opened in a namespace', 'unshare', ['-rn', 'sh', '-c', 'exec 3<>/dev/net/tun']],
  ] as const
  return probes.find(([, command, args]) => !succeeds(command, args))?.[0]
}

function succeeds(command: string, args: readonly string[]): boolean {
  try {
    execFileSync(command, args, { stdio: 'ignore' })
    return true
  } catch (error) {
    // OpenVPN before 2.7 ends `--version` with status 1.
    return command === 'openvpn' && (error as { status?: number | null }).status === 1
  }
}

export async function openLab(): Promise<Lab> {
  const folder = mkdtempSync(join(tmpdir(), 'sockchart-openvpn-'))
  makeCertificates(folder)
  execFileSync('openvpn', ['--genkey', 'secret', join(folder, 'ta.key')])

  // The namespace lives as long as this child, and the child as long as its input is open.
  const holder = spawn('unshare', ['-rn', 'sh', '-c', 'ip link set lo up && echo up && exec cat'])
  await once(holder.stdout, 'data')
  const enter = ['--target', String(holder.pid), '--user', '--net', '--preserve-credentials', '--']
  const inside = (command: string, args: readonly string[]) => [...enter, command, ...args]

  const servers = new Set<OpenvpnServer>()
  const serve = async (options: ServerOptions) => {
    const file = `${options.proto}-${options.port}.conf`
    writeFileSync(join(folder, file), serverConfiguration(options))
    const server = await serving(spawn('nsenter', inside('openvpn', ['--cd', folder, '--config', file])))
    servers.add(server)
    return server
  }
  return {
    folder,
    serve,
    run: (command, args) =>
      new Promise((resolve) => {
        execFile('nsenter', inside(command, args), (error, stdout, stderr) => {
          resolve({ code: typeof error?.code === 'number' ? error.code : error ? -1 : 0, stdout, stderr })
        })
      }),
    close: async () => {
      await Promise.all([...servers].map((server) => server.stop()))
      holder.stdin.end()
      await once(holder, 'exit')
      rmSync(folder, { recursive: true })
    },
  }
}

/** Listens to the log from the start: what is not read would block the server one day. */
async function serving(child: ChildProcess): Promise<OpenvpnServer> {
  const lines: string[] = []
  const log = () => lines.join('\n')
  const exit = once(child, 'exit')
  if (!child.stdout) throw new Error('the server has no output')
  const output = createInterface({ input: child.stdout })
  await new Promise<void>((resolve, reject) => {
    output.on('line', (line) => {
      lines.push(line)
      if (line.includes('Initialization Sequence Completed')) resolve()
    })
    child.on('exit', () => reject(new Error(`openvpn ended:\n${log()}`)))
  })
  const stop = async () => {
    child.kill('SIGTERM')
    await exit
  }
  return { stop, log }
}

function serverConfiguration({ proto, port, local = '127.0.0.1', directives = [] }: ServerOptions): string {
  // The port makes each server's addresses its own.
  const lines = `
dev tun
mode server
tls-server
dh none
topology subnet
server 10.99.${port % 256}.0 255.255.255.0
keepalive 10 60
proto ${proto === 'tcp' ? 'tcp-server' : 'udp'}
local ${local}
port ${port}
ca ca.crt
cert server.crt
key server.key
verb 3
`
  return `${lines}${directives.join('\n')}\n`
}

function makeCertificates(folder: string): void {
  const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: folder, stdio: 'ignore' })
  const fresh = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  openssl('req', '-x509', ...fresh, '-keyout', 'ca.key', '-out', 'ca.crt', '-days', '2', '-subj', '/CN=ca')
  openssl('req', ...fresh, '-keyout', 'server.key', '-out', 'server.csr', '-subj', '/CN=server')
  const signed = ['-in', 'server.csr', '-CA', 'ca.crt', '-CAkey', 'ca.key', '-CAcreateserial', '-out', 'server.crt']
  openssl('x509', '-req', ...signed, '-days', '2')
}
