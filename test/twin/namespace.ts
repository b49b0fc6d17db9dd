/**
 * A run of vitest in a network namespace of its own. Needs Linux, `ip` and `setpriv`, and namespaces that an ordinary
 * user may make.
 */
import { execFile, spawnSync } from 'node:child_process'
import { promisify } from 'node:util'

const inNamespace = (script: string) => ['-rn', 'sh', '-ec', script]

/** Why no such namespace can be made here. `setup`: a script of `sh`, which ends with the words that run a program. */
export function obstacleTo(setup: string): string | undefined {
  const { status, error, stdout, stderr } = spawnSync('unshare', inNamespace(`${setup} true`), { encoding: 'utf8' })
  if (status === 0) return undefined
  return error?.message ?? (`${stdout}${stderr}`.trim().split('\n').at(-1) || `exit code ${status}`)
}

export interface Report {
  readonly passed: number
  readonly failed: readonly string[]
}

export async function testInNamespace(setup: string, file: string): Promise<Report> {
  const vitest = [process.execPath, 'node_modules/vitest/vitest.mjs', 'run', '--config', 'test/vitest.config.ts']
  const run = `${setup} ${[...vitest, '--reporter', 'json', '--coverage.enabled=false', file].join(' ')}`
  const env = { ...process.env, SOCKCHART_TWIN: 'namespace' }
  // A failed run is told in its report, so the exit code says nothing more.
  const { stdout } = await promisify(execFile)('unshare', inNamespace(run), {
    env,
    maxBuffer: 16 * 1024 * 1024,
  }).catch((error: { stdout: string }) => error)
  const report = JSON.parse(stdout.slice(stdout.indexOf('{'))) as VitestReport
  const failed = report.testResults.flatMap(({ assertionResults }) =>
    assertionResults.flatMap(({ status, title, failureMessages }) =>
      status === 'failed' ? `${title}: ${failureMessages.join()}` : [],
    ),
  )
  return { passed: report.numPassedTests, failed }
}

interface VitestReport {
  readonly numPassedTests: number
  readonly testResults: readonly {
    readonly assertionResults: readonly {
      readonly status: string
      readonly title: string
      readonly failureMessages: readonly string[]
    }[]
  }[]
}
