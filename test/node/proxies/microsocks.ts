/** Microsocks: SOCKS5 over TCP. */
import { type Place, freePlace } from '../peer-pairs.ts'
import { type Program, findProgram, startProgram } from './program.ts'

export interface Microsocks extends Program {
  readonly place: Place
}

export function noMicrosocksBecause(): string | undefined {
  return findProgram('microsocks') === undefined ? 'microsocks is not installed' : undefined
}

export async function startMicrosocks(login?: readonly [string, string], host = '127.0.0.1'): Promise<Microsocks> {
  const place = await freePlace(host)
  const args = ['-i', place.host, '-p', String(place.port)]
  const [user, password] = login ?? []
  const program = await startProgram({
    command: findProgram('microsocks') ?? 'microsocks',
    args: () => (user !== undefined && password !== undefined ? [...args, '-u', user, '-P', password] : args),
    at: [place],
  })
  return { ...program, place }
}
