/** The notes of a run, cut into rounds, and what each round should have tried: read from the notes and the script alone. */
import type { Remote } from '../../src/config/schema.ts'
import { parseAddress } from '../../src/endpoint.ts'
import type { Note } from '../../src/ledger.ts'
import { shuffle } from '../../src/seed.ts'
import type { ClientScenario } from '../../src/sim/scenario.ts'
import { type Target, candidates, normal } from '../reference/candidates.ts'

type NoteOf<Type extends Note['type']> = Extract<Note, { readonly type: Type }>

interface Tried {
  readonly n: number
  readonly key: string
  readonly remote: number
  readonly at: number
  end: 'failed' | 'cancelled' | 'lost' | 'kept' | undefined
}

export interface PlayedRound {
  readonly startedAt: number
  /** The candidate that was lost after a long life, and brought this round about. */
  readonly lost: string | undefined
  readonly lostRemote: number | undefined
  readonly tried: Tried[]
  /** Remotes in the order in which their candidates were first tried; the one that was lost does not count. */
  readonly remotes: number[]
  readonly answers: Map<string, readonly string[] | 'failed'>
  /** What `plannedOf` found out, by remote; the round is over by then. */
  readonly planned: Map<number, readonly string[] | undefined>
  readonly notes: Note[]
  end: 'failed' | 'ended' | undefined
}

const keyOf = (target: Pick<Target, 'remote' | 'transport' | 'address' | 'port'>) =>
  `${target.remote} ${target.transport} ${target.address} ${target.port}`

export function roundsOf(notes: readonly Note[], { config: { remotes } }: ClientScenario): readonly PlayedRound[] {
  const rounds: PlayedRound[] = []
  const queries = new Map<number, string>()
  let lost: Tried | undefined
  let round: PlayedRound | undefined
  const end = (n: number, how: Tried['end']) => {
    const tried = round?.tried.find((one) => one.n === n)
    if (tried) tried.end = how
    return tried
  }
  for (const note of notes) {
    round?.notes.push(note)
    switch (note.type) {
      case 'round.started':
        round = {
          startedAt: note.at,
          lost: lost?.key,
          lostRemote: lost?.remote,
          tried: [],
          remotes: [],
          answers: new Map(),
          planned: new Map(),
          notes: [],
          end: undefined,
        }
        rounds.push(round)
        lost = undefined
        break
      case 'query.started':
        queries.set(note.query, queryKey(note, remotes))
        break
      case 'query.answered':
        round?.answers.set(queries.get(note.query) ?? '', note.addresses)
        break
      case 'query.failed':
        round?.answers.set(queries.get(note.query) ?? '', 'failed')
        break
      case 'attempt.started': {
        const { attempt, candidate, at } = note
        const { remote } = candidate
        const key = keyOf(candidate)
        const again = key === round?.lost || round?.tried.some((one) => one.key === key)
        if (!again && round?.remotes.at(-1) !== remote) round?.remotes.push(remote)
        round?.tried.push({ n: attempt, key, remote, at, end: undefined })
        break
      }
      case 'attempt.failed':
        end(note.attempt, 'failed')
        break
      case 'attempt.cancelled':
        end(note.attempt, 'cancelled')
        break
      case 'attempt.lost':
        lost = end(note.attempt, note.kept ? 'kept' : 'lost')
        if (!note.kept) lost = undefined
        break
      case 'round.failed':
      case 'round.ended':
        if (round) round.end = note.type === 'round.failed' ? 'failed' : 'ended'
        break
      default:
    }
  }
  return rounds
}

function queryKey({ remote: { index }, host }: NoteOf<'query.started'>, remotes: readonly Remote[]): string {
  return `${remotes[index]?.local?.host === host ? 'local' : 'remote'} ${index}`
}

/** Remotes as the configuration orders them, for the whole life. */
export function remoteOrder({ config: { remotes, remoteRandom }, seed }: ClientScenario): readonly number[] {
  const written = remotes.map((_, index) => index)
  return remoteRandom ? shuffle(written, seed, 'remote-random') : written
}

/** The candidates of a remote in this round; `undefined` where a name is not answered (yet). */
export function plannedOf(round: PlayedRound, scenario: ClientScenario, index: number): readonly string[] | undefined {
  if (!round.planned.has(index)) round.planned.set(index, plan(round, scenario, index))
  return round.planned.get(index)
}

function plan(round: PlayedRound, { config }: ClientScenario, index: number): readonly string[] | undefined {
  const remote = config.remotes[index] as Remote
  const own = remote.local?.host
  const locals = own === undefined ? undefined : parseAddress(own) ? [own] : round.answers.get(`local ${index}`)
  const answer = parseAddress(remote.host) ? [remote.host] : round.answers.get(`remote ${index}`)
  if (locals === 'failed') return []
  if (own !== undefined && locals === undefined) return undefined
  if (answer === undefined) return undefined
  if (answer === 'failed') return []
  const bound = locals?.flatMap((text) => normal(text) ?? [])
  return candidates(remote, index, answer, config.candidateOrder, bound).targets.map(keyOf)
}
