import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { describe, expect, it } from 'vitest'
import { failure } from '../../src/failure.ts'
import { listen } from '../../src/node/listen.ts'
import { readySocketsOf } from '../../src/node/ready-sockets.ts'
import type { ReadySockets, SocketPlugin } from '../../src/plugins/plugin.ts'

const REQUEST = { listener: 1, transport: 'tcp', endpoint: { family: 'ipv4', address: '127.0.0.1', port: 80 } } as const
const IN_USE = failure('EADDRINUSE', 'bind')
const NOTHING: ReadySockets = { take: () => undefined, explain: () => undefined, leftOver: () => undefined }

const plugin = (name: string, ready?: SocketPlugin['ready']): SocketPlugin => (ready ? { name, ready } : { name })
const having = (name: string, some: Partial<ReadySockets>) => plugin(name, () => ({ ...NOTHING, ...some }))

describe('readySocketsOf', () => {
  it('R9 there are none where no plugin serves binders', () => {
    expect(readySocketsOf([])).toBeUndefined()
    expect(readySocketsOf([plugin('dials')])).toBeUndefined()
  })

  it('R9 plugins are asked in their order; the first that has an answer gives it', () => {
    const asked: string[] = []
    const note = <T>(name: string, answer: T): T => {
      asked.push(name)
      return answer
    }
    const sockets = readySocketsOf([
      plugin('dials'),
      having('a', { take: () => note('a', undefined), explain: () => note('a', undefined) }),
      having('b', { take: () => note('b', { fd: 7 }), explain: () => note('b', failure('B', 'bind')) }),
      having('c', { take: () => note('c', { fd: 8 }), leftOver: () => failure('C', 'bind') }),
    ]) as ReadySockets
    expect(sockets.take(REQUEST)).toEqual({ fd: 7 })
    expect(asked.splice(0)).toEqual(['a', 'b'])
    expect(sockets.explain(REQUEST, IN_USE)?.code).toBe('B')
    expect(asked).toEqual(['a', 'b'])
    expect(sockets.leftOver()?.code).toBe('C')
  })

  it('R9 the failure of one is that of all', () => {
    const failed = failure('READY_SOCKET', 'bind', 'nothing here')
    expect(readySocketsOf([having('a', {}), plugin('b', () => failed)])).toBe(failed)
  })
})

describe('listen with plugins', () => {
  it('R9 a plugin that fails lets nothing be bound', async () => {
    const failed = failure('READY_SOCKET', 'bind', 'nothing here')
    const started = listen(
      { listen: [{ proto: 'tcp', host: '127.0.0.1', port: 0 }] },
      { plugins: [plugin('broken', () => failed)] },
    )
    await expect(started).rejects.toMatchObject({ failure: failed, message: 'nothing here', roster: { listeners: [] } })
  })

  it('R9 a descriptor that is no socket is a failed bind like any other', async () => {
    const config = { listen: [{ proto: 'tcp', host: '127.0.0.1', port: 4 }] } as const
    // Nothing is open at that number.
    const started = listen(config, { plugins: [having('wrong', { take: () => ({ fd: 1_000_000 }) })] })
    await expect(started).rejects.toMatchObject({ name: 'ListenError', failure: { stage: 'bind' } })
  })

  it('R9 asked for each listener; what it does not have is bound, and its words explain why that failed', async () => {
    const taken = createServer().listen(0, '127.0.0.1')
    await once(taken, 'listening')
    const { port } = taken.address() as AddressInfo
    const requests: unknown[] = []
    const known = having('known', {
      take: ({ transport, endpoint }) => void requests.push({ transport, ...endpoint }),
      explain: (_request, { code, stage }) => failure(code, stage, 'I know who has it'),
    })
    const started = listen({ listen: [{ proto: 'tcp', host: '127.0.0.1', port }] }, { plugins: [known] })
    await expect(started).rejects.toMatchObject({ code: 'EADDRINUSE', message: expect.stringContaining('who has it') })
    expect(requests).toEqual([{ transport: 'tcp', family: 'ipv4', address: '127.0.0.1', port }])
    taken.close()
  })
})
