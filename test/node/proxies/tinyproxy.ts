/** Tinyproxy: HTTP/1.0, one request for each connection, and Basic is all it knows. */
import { type Place, freePlace } from '../peer-pairs.ts'
import { type Program, findProgram, startProgram } from './program.ts'

export interface Tinyproxy extends Program {
  readonly place: Place
}

export function noTinyproxyBecause(): string | undefined {
  return findProgram('tinyproxy') === undefined ? 'tinyproxy is not installed' : undefined
}

/** `login`: user and password, of letters and digits. */
export async function startTinyproxy(login?: readonly [string, string]): Promise<Tinyproxy> {
  const place = await freePlace('127.0.0.1')
  const lines = [
    `Port ${place.port}`,
    `Listen ${place.host}`,
    'Timeout 60',
    'MaxClients 20',
    'LogLevel Error',
    ...(login ? [`BasicAuth ${login.join(' ')}`] : []),
  ]
  const program = await startProgram({
    command: findProgram('tinyproxy') ?? 'tinyproxy',
    args: (folder) => ['-d', '-c', `${folder}/tinyproxy.conf`],
    files: () => ({ 'tinyproxy.conf': `${lines.join('\n')}\n` }),
    at: [place],
  })
  return { ...program, place }
}
