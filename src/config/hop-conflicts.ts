/** What is wrong with hops on their ways to the remotes (R9), as their plugins judge it. For texts and objects alike. */
import type { HopMaker, HopProblem, Way } from '../plugins/plugin.ts'
import { callPlugin } from './call-plugin.ts'
import type { Conflict } from './conflicts.ts'
import type { ClientConfig, HopConfig, Remote } from './schema.ts'

/** By the kind of the hops that they make. */
export type HopMakers = ReadonlyMap<string, HopMaker>

export function* hopConflictsOf({ remotes }: ClientConfig, makers: HopMakers): Generator<Conflict> {
  for (const [index, remote] of remotes.entries())
    for (const [place, hop] of remote.hops.entries()) {
      const path = ['remotes', index, 'hops', place]
      const maker = makers.get(hop.kind)
      if (maker) yield* judged(maker, hop, wayOf(remote, place), path)
      else yield nobodyFor(hop, makers, path)
    }
}

function* judged(maker: HopMaker, hop: HopConfig, way: Way, path: Conflict['path']): Generator<Conflict> {
  const called = callPlugin(hop.kind, 'judged this hop', () => maker.judge(hop, way))
  if ('problem' in called) yield { ...called.problem, path }
  else for (const problem of called.value) yield conflictOf(problem, path)
}

const conflictOf = ({ setting, ...problem }: HopProblem, path: Conflict['path']): Conflict => ({
  ...problem,
  code: 'R9',
  path: setting === undefined ? path : [...path, 'settings', setting],
})

function nobodyFor({ kind }: HopConfig, makers: HopMakers, path: Conflict['path']): Conflict {
  const known = [...makers.keys()].join(', ')
  const message = `there is no plugin "${kind}" that makes hops${known === '' ? '' : `; known: ${known}`}`
  return { severity: 'error', code: 'R9', message, path: [...path, 'kind'] }
}

function wayOf({ proto, host, port, hops }: Remote, place: number): Way {
  const target = hops[place + 1] ?? { host, port }
  return {
    transport: proto,
    target: { host: target.host, port: target.port },
    before: place,
    behind: hops.length - place - 1,
  }
}
