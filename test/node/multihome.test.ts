/** R4: a host with several addresses, in a network namespace of its own. */
import { execFile, execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'

const SCRIPT = fileURLToPath(new URL('asked-address.mjs', import.meta.url))
const ASKED = ['192.0.2.1', '192.0.2.2', '198.51.100.7']
/** It comes while the server runs, which looks every 5 s. */
const ADDED = '203.0.113.9'
const SETUP = ['ip link set lo up', ...ASKED.map((address) => `ip address add ${address}/32 dev lo`)].join(' && ')

const isAllowed = () => {
  try {
    execFileSync('unshare', ['-rn', 'sh', '-c', SETUP], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}
const allowed = isAllowed()
if (!allowed)
  console.warn('SKIPPED, replies from the asked address: network namespaces are not allowed here (unshare -rn)')

it.skipIf(!allowed)('R4 multihome: a reply leaves from the asked address; a wildcard alone knows none', async () => {
  const args = ['-rn', 'sh', '-c', `${SETUP} && exec "$0" "$@"`, process.execPath, SCRIPT, '127.0.0.1', ADDED, ...ASKED]
  const { stdout } = await promisify(execFile)('unshare', args)
  expect(JSON.parse(stdout)).toEqual({ without: ASKED.map(() => '127.0.0.1'), within: ASKED, added: ADDED })
})
