import { expect, test } from 'vitest'
import { ClientSchema } from '../src/config/schema.ts'
import { failure } from '../src/failure.ts'
import { makePlan } from '../src/plan.ts'
import type { Answer, Lookup } from '../src/round.ts'

const SILENT = failure('EAI_AGAIN', 'resolve')
const NAMES: Record<string, Answer> = {
  'a.test': { addresses: ['2001:db8::1', '192.0.2.1', '0.0.0.0'] },
  'six.test': { addresses: ['2001:db8::6'] },
  'me.test': { addresses: ['192.0.2.9'] },
}

function asker() {
  const asked: string[] = []
  const ask = async ({ of, host }: Lookup): Promise<Answer> => {
    asked.push(`${of} ${host}`)
    return NAMES[host] ?? { failure: SILENT }
  }
  return { asked, ask }
}
const configOf = (...remotes: object[]) => ClientSchema.parse({ remotes })

test('R3 every candidate in the order in which it would be tried, every skip with its reason', async () => {
  const { asked, ask } = asker()
  const config = configOf({ host: 'a.test', proto: 'tcp' }, { host: 'gone.test' }, { host: '192.0.2.7', port: 443 })
  const { remotes, failure: unfit } = await makePlan(config, 1, ask)
  expect(asked).toEqual(['remote a.test', 'remote gone.test'])
  expect(unfit).toBeUndefined()
  expect(
    remotes.map(({ remote, candidates, skipped, failure }) => ({
      host: remote.host,
      candidates: candidates.map(({ transport, address, port }) => `${transport} ${address} ${port}`),
      skipped: skipped.map((skip) => skip.failure.code),
      failure: failure?.code,
    })),
  ).toEqual([
    {
      host: 'a.test',
      candidates: ['tcp 2001:db8::1 1194', 'tcp 192.0.2.1 1194'],
      skipped: ['BAD_ADDRESS'],
      failure: undefined,
    },
    { host: 'gone.test', candidates: [], skipped: [], failure: 'EAI_AGAIN' },
    { host: '192.0.2.7', candidates: ['udp 192.0.2.7 443'], skipped: [], failure: undefined },
  ])
})

test('R6 candidates of the other family than the local name are skipped; if none is left, the plan fails', async () => {
  const local = { host: 'me.test' }
  const { asked, ask } = asker()
  const mixed = await makePlan(configOf({ host: 'a.test', local }), 1, ask)
  expect(asked).toEqual(['local me.test', 'remote a.test'])
  expect(mixed.failure).toBeUndefined()
  expect(mixed.remotes[0]?.skipped.map((skip) => skip.failure.code)).toEqual(['LOCAL_FAMILY', 'BAD_ADDRESS'])
  const none = await makePlan(configOf({ host: 'six.test', local }), 1, ask)
  expect(none.failure?.code).toBe('LOCAL_FAMILY')
  // A remote that could not be resolved might have fitted.
  const perhaps = await makePlan(configOf({ host: 'six.test', local }, { host: 'gone.test', local }), 1, ask)
  expect(perhaps.failure).toBeUndefined()
})

test('R6 a local name that cannot be resolved is what the remote fails by', async () => {
  const { asked, ask } = asker()
  const { remotes } = await makePlan(configOf({ host: 'a.test', local: { host: 'gone.test' } }), 1, ask)
  expect(asked).toEqual(['local gone.test'])
  expect(remotes).toMatchObject([{ candidates: [], failure: SILENT }])
})

test('O3 remotes are listed in the order of the seed', async () => {
  const config = ClientSchema.parse({
    remotes: Array.from({ length: 10 }, (_, n) => ({ host: `192.0.2.${n}` })),
    remoteRandom: true,
  })
  const order = async (seed: number) => {
    return (await makePlan(config, seed, asker().ask)).remotes.map(({ remote }) => remote.index)
  }
  expect(await order(1)).toEqual(await order(1))
  expect(await order(1)).not.toEqual(await order(2))
  expect((await order(1)).toSorted((a, b) => a - b)).toEqual(config.remotes.map((_, index) => index))
})
