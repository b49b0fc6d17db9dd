/** Two peers on two hosts, between which one family is dead, one way or both: they meet on the other one. */
import { afterEach, describe, expect, it } from 'vitest'
import type { PeerConfigInput } from '../../src/config/peer-schema.ts'
import { PeerSide } from './peer-side.ts'
import { type Host, type TwoHosts, noHostsBecause, openTwoHosts } from './two-hosts.ts'

const because = noHostsBecause()
if (because !== undefined)
  console.warn(`SKIPPED, all tests with two hosts: no namespaces can be made here (${because})`)

const CONNECT_TIMEOUT = 2_000
/** Binding, starting two processes and closing them, on a busy machine. */
const SLACK = 1_000

let hosts: TwoHosts | undefined
const sides: PeerSide[] = []
afterEach(async () => {
  await Promise.all(sides.splice(0).map((side) => side.kill()))
  await hosts?.close()
  hosts = undefined
})

function start({ inside }: Host, config: PeerConfigInput): PeerSide {
  const side = new PeerSide(config, inside)
  sides.push(side)
  return side
}

const all = ({ ipv4, ipv6 }: Host, first: 'ipv4' | 'ipv6'): PeerConfigInput => {
  const both = first === 'ipv4' ? [ipv4, ipv6] : [ipv6, ipv4]
  return {
    mode: 'p2p',
    sockets: 'all',
    listen: { port: 1194 },
    remotes: both.map((host) => ({ host, port: 1194, connectTimeout: CONNECT_TIMEOUT })),
  }
}

describe.skipIf(because !== undefined)(`two hosts${because === undefined ? '' : ` (skipped: ${because})`}`, () => {
  it.each([
    ['ipv6', 'one way', 'ipv6'],
    ['ipv6', 'both ways', 'ipv6'],
    ['ipv6', 'one way', 'ipv4'],
    ['ipv4', 'one way', 'ipv6'],
    ['ipv4', 'both ways', 'ipv4'],
  ] as const)(
    'R5 all: with %s dead %s, and one of them trying %s first, they meet within the bound',
    async (dead, ways, first) => {
      const { a, b } = (hosts = await openTwoHosts())
      a.deafen(dead)
      if (ways === 'both ways') b.deafen(dead)
      const [atA, atB] = [start(a, all(b, first)), start(b, all(a, 'ipv6'))]
      const both = [atA, atB]
      // One candidate of each family, and the processes start at nearly the same time.
      for (const { at } of await Promise.all(both.map((side) => side.told('attempt.won'))))
        expect(at).toBeLessThan(2 * CONNECT_TIMEOUT + SLACK)
      for (const { candidate } of await Promise.all(both.map((side) => side.told('connected'))))
        expect(candidate.family).toBe(dead === 'ipv4' ? 'ipv6' : 'ipv4')
      atA.say('from a')
      atB.say('from b')
      expect([await atA.heard(), await atB.heard()]).toEqual(['from b', 'from a'])
    },
  )

  it.each(['all', 'roles'] as const)('R5 %s: where no route leads is left at once', async (sockets) => {
    const { a, b } = (hosts = await openTwoHosts())
    const remotes = ['203.0.113.9', a.ipv4].map((host) => ({ host, port: 1194 }))
    const waits = start(a, { mode: 'p2p', sockets: 'all', listen: { port: 1194 }, float: true })
    const dials = start(b, { mode: 'p2p', sockets, ...(sockets === 'all' && { listen: { port: 1194 } }), remotes })
    expect(await dials.told('attempt.failed')).toMatchObject({ failure: { code: 'ENETUNREACH', stage: 'confirm' } })
    await Promise.all([waits.told('connected'), dials.told('connected')])
  })

  it('R5 roles: who dials goes on to the family that works, and is answered from the address it asked', async () => {
    const { a, b } = (hosts = await openTwoHosts())
    b.deafen('ipv6')
    const remotes = [a.ipv6, a.ipv4].map((host) => ({ host, port: 1194, connectTimeout: CONNECT_TIMEOUT }))
    const waits = start(a, { mode: 'p2p', sockets: 'roles', waits: true, listen: { port: 1194 } })
    const dials = start(b, { mode: 'p2p', sockets: 'roles', remotes })
    const [met, won] = await Promise.all([waits.told('attempt.won'), dials.told('attempt.won')])
    expect(won.attempt).toBe(2)
    expect(met.at).toBeLessThan(2 * CONNECT_TIMEOUT + SLACK)
  })
})
