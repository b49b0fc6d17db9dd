/** Two peers in two processes, over the loopback device, for every policy and transport. */
import { once } from 'node:events'
import { connect } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import type { PeerConfigInput } from '../../src/config/peer-schema.ts'
import { PAIRS, freePlace } from './peer-pairs.ts'
import { PeerSide } from './peer-side.ts'

const sides: PeerSide[] = []
function start(config: PeerConfigInput): PeerSide {
  const side = new PeerSide(config)
  sides.push(side)
  return side
}
afterEach(async () => {
  await Promise.all(sides.splice(0).map((side) => side.kill()))
})

const met = async (...both: PeerSide[]) => Promise.all(both.map((side) => side.told('attempt.won')))

async function talk(a: PeerSide, b: PeerSide): Promise<void> {
  a.say('from a')
  b.say('from b')
  expect([await a.heard(), await b.heard()]).toEqual(['from b', 'from a'])
}

const CLEAN = { code: 0, complaints: '' }
const cases = Object.entries(PAIRS).flatMap(([name, pair]) =>
  ['127.0.0.1', '::1'].map((host) => ({ name, host, pair })),
)

describe('two peers', () => {
  it.each(cases)(
    'R5 C1 $name over $host: data both ways; met again after one was killed; nothing is left',
    async ({ host, pair }) => {
      const [a, b] = pair(await freePlace(host), await freePlace(host.replace('0.1', '0.2')))
      const first = start(a)
      const second = start(b)
      expect(await met(first, second)).toMatchObject([{ confirmed: true }, { confirmed: true }])
      await talk(first, second)
      await second.kill()
      const third = start(b)
      await met(first, third)
      await talk(first, third)
      expect(await Promise.all([first.close(), third.close()])).toEqual([CLEAN, CLEAN])
    },
  )

  it.each([
    ['roles udp', 'PING_RESTART'],
    ['roles tcp', 'CLOSED_BY_PEER'],
  ] as const)('R5 %s: who waits was killed, and is met again', async (name, code) => {
    const [a, b] = PAIRS[name](await freePlace('127.0.0.1'))
    const [first, second] = [start(a), start({ ...b, keepalive: { ping: 100, restart: 500 } })]
    await met(first, second)
    await first.kill()
    expect(await second.told('attempt.lost')).toMatchObject({ failure: { code } })
    const third = start(a)
    await met(third, second)
    await talk(third, second)
  })

  it('R5 P2 tcp-server: a surplus client is refused, and the session goes on', async () => {
    const place = await freePlace('127.0.0.1')
    const [a, b] = PAIRS['roles tcp'](place)
    const [first, second] = [start(a), start(b)]
    await met(first, second)
    const reset = once(connect(place.port, place.host), 'error')
    expect(await first.told('peer.refused')).toMatchObject({ failure: { code: 'ONE_SESSION' } })
    expect(await reset).toMatchObject([{ code: 'ECONNRESET' }])
    await talk(first, second)
  })
})
