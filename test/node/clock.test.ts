import { describe, expect, it, vi } from 'vitest'
import { createConnection, createServer } from 'node:net'
import { once } from 'node:events'
import { nodeClock } from '../../src/node/clock.ts'

const after = (ms: number) => new Promise<void>((resolve) => void nodeClock.setTimeout(resolve, ms))

/** Keeps the loop from turning, ms. */
function block(ms: number): void {
  const until = performance.now() + ms
  while (performance.now() < until);
}

describe('nodeClock', () => {
  it('is never early, whatever the fraction', async () => {
    const waits = [0, 0.4, 1, 1.5, 3.3, 7.9, 12.01]
    const early = await Promise.all(
      waits.map(async (ms) => {
        const start = nodeClock.now()
        await after(ms)
        return nodeClock.now() - start < ms
      }),
    )
    expect(early).toEqual(waits.map(() => false))
  })

  it('delivers a result that is ready at the deadline before the deadline', async () => {
    const server = createServer((socket) => void socket.end('x')).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as { port: number }
    const order: string[] = []
    const socket = createConnection(port, '127.0.0.1')
    await once(socket, 'connect')
    const timer = new Promise<void>((resolve) => {
      nodeClock.setTimeout(() => {
        order.push('deadline')
        resolve()
      }, 20)
    })
    socket.on('data', () => order.push('data'))
    // The loop is blocked past the deadline, while the byte arrives in the kernel.
    setImmediate(() => block(60))
    await timer
    expect(order).toEqual(['data', 'deadline'])
    socket.destroy()
    server.close()
  })

  it('goes by its clock and not by the timer that woke it', async () => {
    let now = 0
    vi.spyOn(performance, 'now').mockImplementation(() => now)
    let fired = false
    const firing = new Promise<void>((resolve) => {
      nodeClock.setTimeout(() => {
        fired = true
        resolve()
      }, 5)
    })
    await new Promise<void>((resolve) => void setTimeout(() => setImmediate(() => setImmediate(resolve)), 10))
    expect(fired).toBe(false)
    now = 5
    await firing
    vi.restoreAllMocks()
  })

  it('forgets a timer that is cleared, before it is due and between due and delivery', async () => {
    const fired: string[] = []
    const waiting = nodeClock.setTimeout(() => fired.push('waiting'), 5)
    nodeClock.clearTimeout(waiting)
    const due = nodeClock.setTimeout(() => fired.push('due'), 5)
    // Both timers are overdue when the loop turns, so Node's own fires right behind the first half of ours.
    const cleared = new Promise<void>((resolve) => {
      setTimeout(() => {
        nodeClock.clearTimeout(due)
        resolve()
      }, 5)
    })
    block(15)
    await cleared
    await after(20)
    expect(fired).toEqual([])
    expect(process.getActiveResourcesInfo().filter((kind) => kind === 'Immediate')).toEqual([])
  })

  it('forgets a timer that woke too soon, however often', async () => {
    let now = 0
    vi.spyOn(performance, 'now').mockImplementation(() => now)
    const fired: string[] = []
    const timer = nodeClock.setTimeout(() => fired.push('cleared'), 1)
    // Node's timer comes due every 1 ms of its own time, and our clock stands still.
    await new Promise((resolve) => void setTimeout(resolve, 20))
    nodeClock.clearTimeout(timer)
    now = 1
    await new Promise((resolve) => void setTimeout(resolve, 20))
    vi.restoreAllMocks()
    expect(fired).toEqual([])
  })

  it('takes nothing for an id', () => {
    expect(() => nodeClock.clearTimeout(undefined)).not.toThrow()
  })
})
