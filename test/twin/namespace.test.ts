/**
 * The real twin once more, in a network namespace of its own: the scripted addresses are this machine's there, what is
 * not scripted leads into a device that nobody reads, and what is unreachable has no route. Needs Linux, `ip`, and
 * namespaces that an ordinary user may make.
 */
import { execFile, spawnSync } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

/** `hole` swallows what is sent into it; which kind of device can do that differs from kernel to kernel. */
const SETUP = `
ip link set lo up
ip link add hole type dummy 2>&1 || ip tuntap add dev hole mode tun 2>&1 || ip link add hole type ifb
ip link set hole up
ip address add 198.51.100.254/32 dev lo
ip address add 2001:db8::fe/128 dev lo
ip route add 198.51.100.0/24 dev hole
ip -6 route add 2001:db8::/32 dev hole
ip -6 route add fe80::1/128 dev hole
echo 1 > /proc/sys/net/ipv6/ip_nonlocal_bind
`

const inNamespace = (script: string) => ['-rn', 'sh', '-ec', script]

const obstacle = ((): string | undefined => {
  const { status, error, stdout, stderr } = spawnSync('unshare', inNamespace(SETUP), { encoding: 'utf8' })
  if (status === 0) return undefined
  return error?.message ?? (`${stdout}${stderr}`.trim().split('\n').at(-1) || `exit code ${status}`)
})()

const suffix = obstacle === undefined ? '' : `: skipped, no namespace can be made here (${obstacle})`

test.skipIf(obstacle !== undefined)(
  `the real twin at the scripted addresses${suffix}`,
  { timeout: 60_000 },
  async () => {
    const vitest = [process.execPath, 'node_modules/vitest/vitest.mjs', 'run', '--config', 'test/vitest.config.ts']
    const run = `exec ${[...vitest, '--reporter', 'json', '--coverage.enabled=false', 'test/twin/twin.test.ts'].join(' ')}`
    const env = { ...process.env, SOCKCHART_TWIN: 'namespace' }
    // A failed run is told in its report, so the exit code says nothing more.
    const { stdout } = await promisify(execFile)('unshare', inNamespace(`${SETUP}${run}`), {
      env,
      maxBuffer: 16 * 1024 * 1024,
    }).catch((error: { stdout: string }) => error)
    const report = JSON.parse(stdout.slice(stdout.indexOf('{'))) as Report
    const failed = report.testResults.flatMap(({ assertionResults }) =>
      assertionResults.flatMap(({ status, title, failureMessages }) =>
        status === 'failed' ? `${title}: ${failureMessages.join()}` : [],
      ),
    )
    expect(failed).toEqual([])
    expect(report.numPassedTests).toBeGreaterThanOrEqual(60)
  },
)

interface Report {
  readonly numPassedTests: number
  readonly testResults: readonly {
    readonly assertionResults: readonly {
      readonly status: string
      readonly title: string
      readonly failureMessages: readonly string[]
    }[]
  }[]
}
