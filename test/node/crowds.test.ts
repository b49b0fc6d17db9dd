/** A server and very many sockets: the listeners of one process, and clients that come from another one. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it } from 'vitest'
import type { Endpoint } from '../../src/endpoint.ts'
import { descriptorLimit } from '../../src/node/fd-budget.ts'
import { locals, names, serve, tcpTo } from './served.ts'

const CROWD = fileURLToPath(new URL('crowd.mjs', import.meta.url))
const enough = descriptorLimit() >= 12_000
if (!enough) console.warn(`SKIPPED, crowds of clients: ${descriptorLimit()} open files are allowed, 12000 are needed`)

const STARVED = fileURLToPath(new URL('starved-server.mjs', import.meta.url))

const closers: (() => void)[] = []
afterEach(() => {
  for (const close of closers.splice(0)) close()
})

/** `count` clients; `come` resolves when all have come, and as many of them have ended as `ends` says. */
function crowd(to: readonly Endpoint[], count: number, { byte = false, ends = 0 }) {
  const targets = JSON.stringify(to.map(({ address, port }) => [address, port]))
  const args = [CROWD, targets, ...[count, byte, ends].map(String)]
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] })
  closers.push(() => child.kill())
  const leave = async () => {
    child.stdin.end()
    await once(child, 'exit')
  }
  return { come: once(child.stdout, 'data'), leave }
}

const until = async (holds: () => boolean) => {
  while (!holds()) await new Promise((resolve) => setImmediate(resolve))
}

// On a busy machine they take a while.
describe('a server with very many sockets', { timeout: 60_000 }, () => {
  it('R2 R8 binds 1,000 of them: 40 blocks of 25 addresses', async () => {
    const blocks = Array.from({ length: 40 }, (_, i) => `block-${i}.test`)
    const addresses = (block: number) => Array.from({ length: 25 }, (_, i) => `127.2.${block}.${i + 1}`)
    const actors = names(Object.fromEntries(blocks.map((host, i) => [host, addresses(i)])))
    const listen = blocks.map((host, i) => ({ host, proto: i % 2 ? ('tcp' as const) : ('udp' as const), port: 0 }))
    await using served = await serve({ listen }, { actors })
    expect(served.spied.open()).toBe(1000)
    const bound = locals(served.server).map(({ address }) => address)
    expect(bound.toSorted()).toEqual(blocks.flatMap((_, i) => addresses(i)).toSorted())
    const last = locals(served.server).find(({ address }) => address === '127.2.39.25')
    const client = await tcpTo(last ?? { address: '', port: 0 })
    client.destroy()
    await served.server.close()
    expect(served.spied.open()).toBe(0)
  })

  it.skipIf(!enough)('V3 lets 10,000 clients in over four listeners, all of which have said something', async () => {
    const hosts = [1, 2, 3, 4].map((i) => `127.0.0.${i}`)
    const listen = hosts.map((host) => ({ proto: 'tcp' as const, host, port: 0 }))
    await using served = await serve({ maxClients: 20_000, listen })
    const { server } = served
    let heard = 0
    server.on('connection', ({ socket }) => socket.once('data', () => heard++))
    const { come, leave } = crowd(locals(server), 10_000, { byte: true })
    await come
    await until(() => heard === 10_000)
    expect(server.roster.counters).toEqual({ accepted: 10_000, live: 10_000, refused: 0, dropped: 0, closed: 0 })
    await leave()
    await until(() => server.roster.counters.live === 0)
    expect(server.roster.counters).toMatchObject({ accepted: 10_000, closed: 10_000 })
    expect(served.spied.open()).toBe(4)
  })

  it.skipIf(!enough)('V3 of 20,000 clients lets 1,024 in, and counts every other one as refused', async () => {
    await using served = await serve({ listen: [{ proto: 'tcp', host: '127.0.0.1', port: 0 }] })
    const { server } = served
    let refused = 0
    server.on('refused', ({ failure }) => (failure.code === 'MAX_CLIENTS' ? refused++ : undefined))
    const { come, leave } = crowd(locals(server), 20_000, { ends: 20_000 - 1024 })
    await come
    await until(() => server.roster.counters.accepted === 1024)
    expect(refused).toBe(20_000 - 1024)
    expect(server.roster.counters).toEqual({ accepted: 1024, live: 1024, refused, dropped: 0, closed: 0 })
    await leave()
  })

  it.skipIf(!enough)('V7 drops the oldest of 2,000 who say nothing, and a good client still gets in', async () => {
    const limits = { maxClients: 4000, maxPending: 100 }
    await using served = await serve({ ...limits, listen: [{ proto: 'tcp', host: '127.0.0.1', port: 0 }] })
    const { server } = served
    const [to] = locals(server)
    const { come, leave } = crowd(locals(server), 2000, { ends: 1900 })
    await come
    expect(server.roster.counters).toMatchObject({ accepted: 2000, live: 100, dropped: 1900 })
    server.on('connection', ({ socket }) => socket.pipe(socket))
    const good = await tcpTo(to ?? { address: '', port: 0 })
    good.write('good')
    expect(String((await once(good, 'data'))[0])).toBe('good')
    good.destroy()
    await leave()
  })

  it('V5 in a process with few descriptors refuses whom it has none for, and says so; the last ones stay free', async () => {
    const limit = 160
    const child = spawn('sh', ['-c', `ulimit -n ${limit} && exec "$0" "$@"`, process.execPath, STARVED, '200'], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    const line = async () => JSON.parse(String((await once(child.stdout, 'data'))[0])) as unknown
    const port = (await line()) as number
    const counting = line()
    const clients = Array.from({ length: 200 }, () => connect({ host: '127.0.0.1', port }).on('error', () => {}))
    const { accepted, refused, codes } = (await counting) as { accepted: number; refused: number; codes: string[] }
    expect(accepted + refused).toBe(200)
    expect(accepted).toBeGreaterThan(20)
    expect(accepted).toBeLessThanOrEqual(limit - 64)
    expect(codes).toEqual(['FD_BUDGET'])
    for (const client of clients) client.destroy()
    child.stdin.end()
    expect(await once(child, 'exit')).toEqual([0, null])
  })
})
