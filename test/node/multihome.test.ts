/**
 * From which address a UDP server answers, where its host has several: in a network namespace of its own. Needs Linux,
 * `ip`, and namespaces that an ordinary user may make.
 */
import { execFile, spawnSync } from 'node:child_process'
import { promisify } from 'node:util'
import { beforeAll, describe, expect, it } from 'vitest'

const SETUP = `
ip link set lo up
for address in 198.51.100.1/32 198.51.100.2/32 203.0.113.9/32 2001:db8::1/128 2001:db8::2/128 2001:db8:9::9/128
do ip address add $address dev lo; done
`
const inNamespace = (script: string) => ['-rn', 'sh', '-ec', script]

const obstacle = ((): string | undefined => {
  const { status, error, stderr } = spawnSync('unshare', inNamespace(SETUP), { encoding: 'utf8' })
  return status === 0 ? undefined : (error?.message ?? (stderr.trim().split('\n').at(-1) || `exit code ${status}`))
})()
const suffix = obstacle === undefined ? '' : `: skipped, no namespace can be made here (${obstacle})`

/** By the address that was asked: the one that answered, or null. */
type Answers = Readonly<Record<string, string | null>>

interface Report {
  readonly name: string
  readonly warnings: readonly string[]
  readonly first: Answers
  readonly none?: Answers
  readonly added?: Answers
  readonly left?: number
}

const FIRST = ['198.51.100.1', '198.51.100.2', '2001:db8::1', '2001:db8::2', '127.0.0.1', '::1']
const ADDED = ['198.51.100.3', '2001:db8::3']
const each = (addresses: readonly string[], answer: (address: string) => string | null): Answers =>
  Object.fromEntries(addresses.map((address) => [address, answer(address)]))
const itself = (address: string) => address

describe.skipIf(obstacle !== undefined)(`a UDP server on a host with several addresses${suffix}`, () => {
  const reports = new Map<string, Report>()
  beforeAll(async () => {
    const script = `${SETUP}exec ${process.execPath} test/node/multihome.js`
    const { stdout } = await promisify(execFile)('unshare', inNamespace(script), { timeout: 15_000 })
    for (const line of stdout.trim().split('\n')) {
      const report = JSON.parse(line) as Report
      reports.set(report.name, report)
    }
  }, 20_000)

  it('R4 multihome answers from the asked address, whichever that is', () => {
    expect(reports.get('multihome')).toMatchObject({ first: each(FIRST, itself), warnings: [] })
  })

  it('R4 multihome serves an address that is added later, and no longer one that is removed', () => {
    expect(reports.get('multihome')).toMatchObject({
      none: each(ADDED, () => null),
      added: each(ADDED, itself),
      left: 0,
    })
  })

  it('R4 a listener with an address answers from it', () => {
    expect(reports.get('named')).toEqual({ name: 'named', first: each(FIRST, itself), warnings: [] })
  })

  it('R4 a wildcard answers from another address than was asked, and warns', () => {
    const { first = {}, warnings } = reports.get('wildcard') ?? {}
    // The kernel chooses by the client's address: here its own.
    expect(first['198.51.100.2']).not.toBe('198.51.100.2')
    expect(first['2001:db8::2']).not.toBe('2001:db8::2')
    expect(warnings).toEqual([expect.stringMatching(/several ipv4 addresses.*write "multihome"/)])
  })
})
