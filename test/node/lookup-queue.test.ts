import { describe, expect, it } from 'vitest'
import { type Lookup, lookupQueue } from '../../src/node/lookup-queue.ts'

const BOTH = ['ipv4', 'ipv6'] as const
const turn = () => new Promise<void>((resolve) => void setImmediate(resolve))

/** A system whose look-ups end when the test says so. */
function scripted() {
  const asked: { host: string; end: Parameters<Lookup>[2] }[] = []
  const lookup: Lookup = (host, _families, end) => void asked.push({ host, end })
  const hosts = () => asked.map(({ host }) => host)
  const end = async (host: string, addresses: readonly string[]) => {
    asked.find((one) => one.host === host)?.end(null, addresses)
    await turn()
  }
  return { lookup, hosts, end }
}

describe('lookupQueue', () => {
  it('runs two at once and starts the next when one has ended', async () => {
    const system = scripted()
    const queue = lookupQueue(system.lookup)
    for (const host of ['a', 'b', 'c', 'd']) queue.ask(host, BOTH, () => {})
    expect(system.hosts()).toEqual(['a', 'b'])
    await system.end('b', [])
    expect(system.hosts()).toEqual(['a', 'b', 'c'])
  })

  it('asks the system once for equal questions and answers everybody, in order of asking', async () => {
    const system = scripted()
    const queue = lookupQueue(system.lookup)
    const told: string[] = []
    queue.ask('a', BOTH, (_, addresses) => told.push(`first ${addresses.join()}`))
    queue.ask('a', BOTH, (_, addresses) => told.push(`second ${addresses.join()}`))
    queue.ask('a', ['ipv4'], () => told.push('other families'))
    expect(system.hosts()).toEqual(['a', 'a'])
    await system.end('a', ['192.0.2.1', '192.0.2.2'])
    expect(told).toEqual(['first 192.0.2.1,192.0.2.2', 'second 192.0.2.1,192.0.2.2'])
  })

  it('keeps the slot of an abandoned look-up until the system ends it, and counts it', async () => {
    const system = scripted()
    const queue = lookupQueue(system.lookup)
    const told: string[] = []
    const withdrawA = queue.ask('a', BOTH, () => told.push('a'))
    const withdrawB = queue.ask('b', BOTH, () => told.push('b'))
    queue.ask('c', BOTH, () => told.push('c'))
    withdrawA()
    withdrawB()
    expect(queue.abandoned()).toBe(2)
    expect(system.hosts()).toEqual(['a', 'b'])
    await system.end('a', [])
    expect(queue.abandoned()).toBe(1)
    expect(system.hosts()).toEqual(['a', 'b', 'c'])
    await system.end('b', [])
    await system.end('c', [])
    expect(told).toEqual(['c'])
    expect(queue.abandoned()).toBe(0)
  })

  it('never starts one that was withdrawn while it waited, unless somebody else still asks', async () => {
    const system = scripted()
    const queue = lookupQueue(system.lookup)
    queue.ask('a', BOTH, () => {})
    queue.ask('b', BOTH, () => {})
    queue.ask('gone', BOTH, () => {})()
    const withdraw = queue.ask('shared', BOTH, () => {})
    queue.ask('shared', BOTH, () => {})
    withdraw()
    await system.end('a', [])
    await system.end('b', [])
    expect(system.hosts()).toEqual(['a', 'b', 'shared'])
  })

  it('joins an abandoned look-up that still runs', async () => {
    const system = scripted()
    const queue = lookupQueue(system.lookup)
    const told: string[] = []
    queue.ask('a', BOTH, () => told.push('first'))()
    queue.ask('a', BOTH, () => told.push('second'))
    expect(queue.abandoned()).toBe(0)
    await system.end('a', [])
    expect(system.hosts()).toEqual(['a'])
    expect(told).toEqual(['second'])
  })

  it('answers once and never from inside the call, also when the system does both wrong', async () => {
    const told: (string | undefined)[] = []
    const twice = lookupQueue((_host, _families, end) => {
      end(null, ['192.0.2.1'])
      end(null, ['192.0.2.2'])
    })
    twice.ask('a', BOTH, (_, addresses) => told.push(addresses[0]))
    const throwing = lookupQueue(() => {
      throw Object.assign(new Error('no'), { code: 'EAI_MEMORY' })
    })
    throwing.ask('a', BOTH, (error) => told.push(error?.code))
    expect(told).toEqual([])
    await turn()
    expect(told).toEqual(['192.0.2.1', 'EAI_MEMORY'])
  })
})
