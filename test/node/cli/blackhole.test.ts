import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { blackhole } from '../../../src/node/cli/blackhole.ts'

test('a connection to a blackhole is neither made nor refused, and the port is free afterwards', async () => {
  const hole = await blackhole('127.0.0.1')
  const socket = connect({ host: '127.0.0.1', port: hole.port })
  const events: string[] = []
  socket.on('connect', () => events.push('connect')).on('error', () => events.push('error'))
  await pause(400)
  expect(socket.connecting).toBe(true)
  expect(events).toEqual([])
  socket.destroy()
  await hole[Symbol.asyncDispose]()
  const [error] = (await once(connect({ host: '127.0.0.1', port: hole.port }), 'error')) as [NodeJS.ErrnoException]
  expect(error.code).toBe('ECONNREFUSED')
})

test('an address that is not ours rejects', async () => {
  await expect(blackhole('192.0.2.1')).rejects.toThrow('EADDRNOTAVAIL')
})
