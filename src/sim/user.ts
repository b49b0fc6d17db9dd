/** The program that uses a virtual server: it takes every client and reads whatever comes; it may answer datagrams. */
import type { Reception } from '../acceptor.ts'
import type { ServerScenario } from './scenario.ts'

export function virtualUser(server: ServerScenario['server']): Reception {
  const echoes = Number(server?.echo ?? false)
  return {
    connected: () => {},
    heard: ({ bytes, reply }) => {
      for (let i = 0; i < echoes; i++) reply(bytes)
    },
  }
}
