/** The plan of a client: one round on paper. */
import { type Skip, wayTo } from '../../candidate.ts'
import type { ClientConfig, Remote } from '../../config/schema.ts'
import { formatEndpoint } from '../../endpoint.ts'
import { type Failure, failure } from '../../failure.ts'
import { type Plan, type PlannedCandidate, type PlannedRemote, makePlan } from '../../plan.ts'
import { printable } from '../../printable.ts'
import { askedHost, refOf } from '../../round.ts'
import { reasonOf, wayOf } from '../explain.ts'
import { WILDCARD } from '../kernel.ts'
import type { Ask } from './ask.ts'
import { formatMs } from './duration.ts'
import { EXIT, type ProgramLine } from './io.ts'
import type { PlanResult, PlanSheet } from './plan.ts'
import { GAP, type Sheet, belowRow, sentenceLines } from './table.ts'

export async function planClient(config: ClientConfig, seed: number, ask: Ask): Promise<PlanSheet> {
  let query = 0
  const made = await makePlan(config, seed, (lookup) => {
    const host = askedHost(lookup, config, seed, ++query)
    return ask({ host, families: lookup.families }, config.resolveTimeout)
  })
  return sheetOf(made, config, seed)
}

/** Where a plugin that is not loaded may add hops to any way: no name is looked up, since it may be the wrong one. */
export function planUnknownWays(config: ClientConfig, seed: number, plugin: string): PlanSheet {
  const message = `the way is not known, since the plugin "${plugin}" is not loaded`
  const why = failure(UNKNOWN_WAY, 'plan', message)
  const remotes = config.remotes.map((_, index): PlannedRemote => {
    return { remote: refOf(config, index), candidates: [], skipped: [], failure: why }
  })
  return sheetOf({ remotes, failure: why }, config, seed)
}

const UNKNOWN_WAY = 'UNKNOWN_WAY'

const sheetOf = (made: Plan, config: ClientConfig, seed: number): PlanSheet => ({
  code: codeOf(made),
  records: recordsOf(made, config),
  result: resultOf(made, seed),
  linesOf: (sheet) => linesOf(made, config, seed, sheet),
})

/** R6 is an error of the configuration; no address at all is the network's. */
function codeOf(made: Plan): number {
  if (made.failure) return made.failure.code === UNKNOWN_WAY ? EXIT.failed : EXIT.config
  return countOf(made) > 0 ? EXIT.done : EXIT.failed
}

const countOf = ({ remotes }: Plan) => remotes.reduce((sum, { candidates }) => sum + candidates.length, 0)

function whyNot(made: Plan): Failure | undefined {
  if (made.failure || countOf(made) > 0) return made.failure
  return failure('EXHAUSTED', 'plan', 'there is no candidate: no remote has an address that can be tried')
}

// --- for a program ---

function recordsOf(made: Plan, config: ClientConfig): ProgramLine[] {
  let number = 0
  return made.remotes.flatMap(({ remote, candidates, skipped, failure }): ProgramLine[] => {
    const { confirm, connectTimeout: deadlineMs } = config.remotes[remote.index] as Remote
    return [
      ...(failure ? [{ type: 'unresolved', remote, failure }] : []),
      ...candidates.map(({ local, ...candidate }) => {
        const bind = local && bindingOf({ ...candidate, local })
        return { type: 'candidate', number: ++number, remote, candidate, bind, confirm: confirm.kind, deadlineMs }
      }),
      ...skipped.map((skip) => ({ type: 'skipped', remote, ...skip })),
    ]
  })
}

function resultOf(made: Plan, seed: number): PlanResult {
  const why = whyNot(made)
  return { outcome: why ? 'failed' : 'planned', candidates: countOf(made), seed, ...(why && { failure: why }) }
}

// --- for a person ---

function linesOf(made: Plan, config: ClientConfig, seed: number, sheet: Sheet): string[] {
  let number = 0
  const remotes = made.remotes.flatMap((planned) => {
    const lines = remoteLines(planned, config.remotes[planned.remote.index] as Remote, number, sheet)
    number += planned.candidates.length
    return lines
  })
  const why = whyNot(made)
  const summary = sentenceLines(why ? [printable(why.message), 'red'] : [summaryOf(number, config)], sheet)
  const drawn = drawnBy(config)
  const seeded = drawn === undefined ? [] : [`${drawn} drawn, from seed ${seed}; --seed ${seed} draws the same again`]
  return [...remotes, ...summary, ...seeded]
}

function remoteLines(
  { remote, candidates, skipped, failure }: PlannedRemote,
  options: Remote,
  before: number,
  sheet: Sheet,
): string[] {
  const families = options.family ?? 'ipv4 and ipv6'
  const { proto, connectTimeout, confirm, hops } = options
  const isKnown = failure?.code !== UNKNOWN_WAY
  const failed = `failed to resolve${hops.length > 0 ? ' hop 1' : ''}: `
  const head = `${sheet.paint('bold', printable(remote.host))} port ${remote.port}, ${proto}, ${families}`
  const about = `${CONFIRMATIONS[confirm.kind]}; ${formatMs(connectTimeout)} for each attempt`
  return [
    head,
    ...belowRow(isKnown ? wayOf(wayTo(options)) : '', NUMBER, sheet),
    ...belowRow(about, NUMBER, sheet),
    ...candidates.map((candidate, i) => candidateLine(before + i + 1, candidate)),
    ...(failure ? belowRow(`${isKnown ? failed : ''}${reasonOf(failure)}`, NUMBER, sheet, 'red') : []),
    ...skipped.flatMap((skip) => skipLines(skip, sheet)),
  ]
}

/** Columns of the numbers. */
const NUMBER = 3

/** A reason that does not fit beside its candidate stands below it. */
function skipLines({ candidate, failure }: Skip, sheet: Sheet): string[] {
  const row = candidate ? `  -  ${printable(formatEndpoint(candidate))}` : '  -'
  const why = `skipped: ${reasonOf(failure)}`
  if (row.length + GAP.length + why.length > sheet.width) return [row, ...belowRow(why, NUMBER, sheet, 'yellow')]
  return [row + GAP + sheet.paint('yellow', why)]
}

const CONFIRMATIONS: Readonly<Record<Remote['confirm']['kind'], string>> = {
  none: 'not confirmed',
  peer: 'confirmed by both peers',
  reply: 'confirmed by any reply to a text',
  openvpn: "confirmed by OpenVPN's hard reset",
}

function candidateLine(number: number, candidate: PlannedCandidate): string {
  const bind = candidate.local ? `  from ${formatEndpoint(bindingOf(candidate))}` : ''
  return `${String(number).padStart(3)}  ${formatEndpoint(candidate)}${bind.replace(/:0$/, ', any port')}`
}

function bindingOf({ family, local }: PlannedCandidate) {
  return { address: local?.address ?? WILDCARD[family], port: local?.port ?? 0 }
}

/** What is left to chance. */
function drawnBy({ remoteRandom, remoteRandomHostname, remotes }: ClientConfig): string | undefined {
  const isLabelled = remoteRandomHostname && remotes.some(({ hops }) => hops.length === 0)
  if (!remoteRandom && !isLabelled) return undefined
  if (!isLabelled) return 'the order of the remotes is'
  return remoteRandom
    ? 'the order of the remotes and the labels before their names are'
    : 'the labels before the names are'
}

function summaryOf(count: number, { pacing, remotes }: ClientConfig): string {
  const candidates = count === 1 ? 'one candidate' : `${count} candidates, in this order`
  const alone = pacing.policy === 'sequential' || remotes.some(({ local }) => local !== undefined)
  const pace = alone
    ? 'one at a time'
    : `a new one after ${formatMs(pacing.attemptDelay)}, ${pacing.maxInFlight} at most`
  return `${candidates}${count === 1 ? '' : `, ${pace}`}`
}
