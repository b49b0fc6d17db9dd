/** Of what a configuration's text says more than once of a hop, what counts. */
import type { Value } from '../config/source.ts'
import type { Desk, HopOption } from './plugin.ts'

type Written = Pick<Value, 'at'> & Partial<Pick<HopOption, 'stands'>>

/** The last. The others get a note, unless they are inherited: those are there to be said anew. */
export function lastOf<T extends Written>(all: readonly T[], what: string, desk: Desk): T | undefined {
  const message = `${what} is written again for this hop; the last one counts`
  for (const { at, stands } of all.slice(0, -1))
    if (stands !== 'inherited') desk.report(at, { severity: 'note', code: 'repeated', message })
  return all.at(-1)
}
