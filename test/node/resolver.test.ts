import dns from 'node:dns'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { createActor, setup } from 'xstate'
import type { ResolverInput, ResolverSays } from '../../src/actors.ts'
import { nodeClock } from '../../src/node/clock.ts'
import { type Lookup, lookupQueue } from '../../src/node/lookup-queue.ts'
import { abandonedLookups, nodeResolver } from '../../src/node/resolver.ts'

afterEach(() => vi.restoreAllMocks())

const question = (host: string, families: ResolverInput['families'] = ['ipv4', 'ipv6']): ResolverInput => ({
  query: 7,
  host,
  transport: 'tcp',
  families,
})

/** Runs one look-up under a parent, as the machine does. */
function ask(input: ResolverInput, lookup?: Lookup) {
  const said: ResolverSays[] = []
  let heard!: () => void
  const answer = new Promise<ResolverSays>((resolve) => {
    heard = () => resolve(said[0] as ResolverSays)
  })
  const parent = setup({ actors: { resolver: nodeResolver(lookup && lookupQueue(lookup)) } }).createMachine({
    invoke: { src: 'resolver', input },
    on: {
      'resolver.*': {
        actions: ({ event }) => {
          said.push(event as unknown as ResolverSays)
          heard()
        },
      },
    },
  })
  const actor = createActor(parent, { clock: nodeClock })
  actor.start()
  return { answer, said, stop: () => actor.stop() }
}

describe('nodeResolver', () => {
  it('R3 R4 asks the system for all addresses, in its order, and says them in that order', async () => {
    const spy = vi.spyOn(dns, 'lookup')
    const { answer, said } = ask(question('localhost'))
    expect(said).toEqual([])
    const system = await dns.promises.lookup('localhost', { all: true, order: 'verbatim' })
    expect(await answer).toEqual({
      type: 'resolver.answered',
      query: 7,
      addresses: system.map(({ address }) => address),
    })
    expect(spy.mock.calls.map(([host, options]) => [host, options])).toEqual([
      ['localhost', { all: true, order: 'verbatim', family: 0 }],
    ])
  })

  it.each([
    [['ipv4'], 4],
    [['ipv6'], 6],
  ] as const)('R1 asks for %s alone where that is forced', async (families, family) => {
    const spy = vi.spyOn(dns, 'lookup')
    await ask(question('localhost', families)).answer
    expect(spy.mock.calls[0]?.[1]).toMatchObject({ family })
  })

  it.each(['127.0.0.1\0.evil.test', 'a b', '127.1', '0x7f.1', '2130706433', '１２７.０.０.１', 'a..b', ''])(
    'never hands %j to the system',
    async (host) => {
      const spy = vi.spyOn(dns, 'lookup')
      const { answer, said } = ask(question(host))
      expect(said).toEqual([])
      expect(await answer).toMatchObject({ type: 'resolver.failed', failure: { code: 'BAD_HOST', stage: 'resolve' } })
      expect(spy).not.toHaveBeenCalled()
    },
  )

  it.each(['ENOTFOUND', 'EAI_AGAIN', 'ESERVFAIL'])('keeps the code %s', async (code) => {
    const failing: Lookup = (_host, _families, end) => end(Object.assign(new Error(code), { code }), [])
    expect(await ask(question('a.test'), failing).answer).toMatchObject({
      type: 'resolver.failed',
      query: 7,
      failure: { code, stage: 'resolve' },
    })
  })

  it('says NO_ADDRESS when the answer is empty', async () => {
    const empty: Lookup = (_host, _families, end) => end(null, [])
    expect(await ask(question('a.test'), empty).answer).toMatchObject({ failure: { code: 'NO_ADDRESS' } })
  })

  it('says nothing once it was stopped, whether it looks up or refuses', async () => {
    let end!: Parameters<Lookup>[2]
    const slow: Lookup = (_host, _families, answer) => void (end = answer)
    const asking = ask(question('a.test'), slow)
    const refusing = ask(question('127.1'))
    asking.stop()
    refusing.stop()
    end(null, ['192.0.2.1'])
    await new Promise<void>((resolve) => void setImmediate(() => setImmediate(resolve)))
    expect([asking.said, refusing.said]).toEqual([[], []])
  })

  it('counts the system look-ups that nobody waits for', async () => {
    let end!: () => void
    vi.spyOn(dns, 'lookup').mockImplementation(((_host: string, _options: object, done: (e: null, a: []) => void) => {
      end = () => done(null, [])
    }) as unknown as typeof dns.lookup)
    const { stop } = ask(question('stuck.test'))
    expect(abandonedLookups()).toBe(0)
    stop()
    expect(abandonedLookups()).toBe(1)
    end()
    await new Promise<void>((resolve) => void setImmediate(resolve))
    expect(abandonedLookups()).toBe(0)
  })
})
