/** Proxies that do what a test says, and keep every byte that they were told. */
import { once } from 'node:events'
import { type AddressInfo, type Socket, connect, createServer } from 'node:net'
import type { Place } from '../peer-pairs.ts'

export interface ScriptedProxy extends AsyncDisposable {
  readonly place: Place
  /** What was said to it until it carried, of all streams. */
  readonly told: () => Buffer
  readonly streams: () => number
}

/** What is done about one message: bytes are an answer. `carry`: answer, then connect to there. */
export type Act =
  | string
  | Buffer
  | { readonly carry: Place; readonly answer: string | Buffer }
  | { readonly do: 'reset' | 'close' | 'nothing' }

/** `n`: of the message in its stream, from 0. */
export type Script = (message: Buffer, n: number) => Act

/** `ends`: where a message ends, if not with what came at once. */
export async function scripted(script: Script, ends = ''): Promise<ScriptedProxy> {
  const sockets = new Set<Socket>()
  const told: Buffer[] = []
  let streams = 0
  const hold = (socket: Socket) => {
    sockets.add(socket)
    return socket.on('error', () => {}).on('close', () => sockets.delete(socket))
  }
  const server = createServer((stream) => {
    streams++
    let heard = Buffer.alloc(0)
    let n = 0
    const hear = (bytes: Buffer) => {
      told.push(bytes)
      heard = Buffer.concat([heard, bytes])
      if (!heard.includes(ends)) return
      const message = heard
      heard = Buffer.alloc(0)
      perform(stream, script(message, n++))
    }
    const perform = (near: Socket, act: Act) => {
      if (typeof act === 'string' || Buffer.isBuffer(act)) return near.write(act)
      if ('do' in act) {
        if (act.do === 'reset') near.resetAndDestroy()
        if (act.do === 'close') near.end()
        return
      }
      near.off('data', hear)
      const far = hold(connect(act.carry))
      near.on('close', () => far.destroy())
      far.on('close', () => near.destroy()).on('connect', () => near.write(act.answer))
      near.pipe(far).pipe(near)
    }
    hold(stream).on('data', hear)
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  const close = async () => {
    for (const socket of sockets) socket.destroy()
    await once(server.close(), 'close')
  }
  return {
    place: { host: '127.0.0.1', port },
    told: () => Buffer.concat(told),
    streams: () => streams,
    [Symbol.asyncDispose]: close,
  }
}

export const scriptedHttp = (script: Script) => scripted(script, '\r\n\r\n')

/** Where a CONNECT wants to go. */
export function wanted(head: Buffer): Place {
  const [, host = '', port = ''] = /^CONNECT \[?([^\]\s]+?)\]?:(\d+) /.exec(head.toString('latin1')) ?? []
  return { host, port: Number(port) }
}
