/** `sockchart plan`: one round on paper, with real look-ups. Opens no socket. */
import { randomInt } from 'node:crypto'
import type { Parsed } from '../../config/parse.ts'
import type { ClientConfig, Remote } from '../../config/schema.ts'
import { formatEndpoint } from '../../endpoint.ts'
import { type Failure, failure } from '../../failure.ts'
import { type Plan, type PlannedCandidate, type PlannedRemote, makePlan } from '../../plan.ts'
import { type Answer, type Lookup, askedHost } from '../../round.ts'
import { printable } from '../../printable.ts'
import { reasonOf } from '../explain.ts'
import { WILDCARD } from '../kernel.ts'
import { askFor } from '../resolver.ts'
import type { Arguments } from './arguments.ts'
import { formatMs } from './duration.ts'
import { EXIT, type Io, tellProgram } from './io.ts'
import { type Loaded, isSound, load } from './load.ts'
import { type Paint, paintFor } from './paint.ts'
import { countIssues, showIssues, tellIssues } from './report-issues.ts'
import { hearSignals } from './signals.ts'

export async function plan(args: Arguments, io: Io): Promise<number> {
  const parsed = load(args)
  if (!isSound(parsed)) return refuse(parsed, args, io)
  const seed = args.options.seed ?? randomInt(2 ** 32)
  const { config } = parsed
  const made = await whileRunning(io, (stop) => makePlan(config, seed, asker(config, seed, stop)))
  if (!made) {
    io.stderr.write('interrupted\n')
    return EXIT.interrupted
  }
  if (args.options.json) tellPlan(made, parsed, seed, io)
  else showPlan(made, parsed, seed, args, io)
  return codeOf(made)
}

function refuse({ issues }: Parsed, { options }: Arguments, io: Io): number {
  if (options.json) {
    tellIssues(issues, io.stdout)
    const why = failure('CONFIG', 'plan', 'the configuration has errors')
    tellProgram(io.stdout, { type: 'result', outcome: 'failed', failure: why })
  } else {
    showIssues(issues, io.stderr, paintFor(io.stderr, io.env, options))
    io.stderr.write(`${countIssues(issues)}\n`)
  }
  return EXIT.config
}

/** R6 is an error of the configuration; no address at all is the network's. */
function codeOf(made: Plan): number {
  if (made.failure) return EXIT.config
  return countOf(made) > 0 ? EXIT.done : EXIT.failed
}

const countOf = ({ remotes }: Plan) => remotes.reduce((sum, { candidates }) => sum + candidates.length, 0)

/** `undefined` when a signal came first. */
async function whileRunning<T>(io: Io, work: (stop: AbortSignal) => Promise<T>): Promise<T | undefined> {
  const stopper = new AbortController()
  const stop = () => stopper.abort()
  const unhear = hearSignals(io, { SIGINT: stop, SIGTERM: stop, SIGHUP: stop })
  try {
    const stopped = new Promise<undefined>((resolve) => {
      stopper.signal.addEventListener('abort', () => resolve(undefined), { once: true })
    })
    return await Promise.race([work(stopper.signal), stopped])
  } finally {
    unhear()
  }
}

/** Asks the system, within `resolve-timeout`. */
function asker(config: ClientConfig, seed: number, stop: AbortSignal) {
  let query = 0
  return (lookup: Lookup) =>
    new Promise<Answer>((resolve) => {
      const host = askedHost(lookup, config, seed, ++query)
      const cease = () => {
        clearTimeout(deadline)
        withdraw()
      }
      const end = (answer: Answer) => {
        cease()
        resolve(answer)
      }
      const withdraw = askFor({ host, families: lookup.families }, end)
      const deadline = setTimeout(() => end({ failure: failure('RESOLVE_TIMEOUT', 'resolve') }), config.resolveTimeout)
      // Whoever stopped it waits for no answer.
      stop.addEventListener('abort', cease, { once: true })
    })
}

// --- for a program ---

function tellPlan(made: Plan, { issues, config }: Loaded, seed: number, { stdout }: Io): void {
  tellIssues(issues, stdout)
  let number = 0
  for (const { remote, candidates, skipped, failure } of made.remotes) {
    const { confirm, connectTimeout } = config.remotes[remote.index] as Remote
    if (failure) tellProgram(stdout, { type: 'unresolved', remote, failure })
    for (const { local, ...candidate } of candidates) {
      const bind = local && bindingOf({ ...candidate, local })
      tellProgram(stdout, {
        type: 'candidate',
        number: ++number,
        remote,
        candidate,
        bind,
        confirm: confirm.kind,
        deadlineMs: connectTimeout,
      })
    }
    for (const skip of skipped) tellProgram(stdout, { type: 'skipped', remote, ...skip })
  }
  const why = whyNot(made)
  const outcome = why ? 'failed' : 'planned'
  tellProgram(stdout, { type: 'result', outcome, candidates: number, seed, ...(why && { failure: why }) })
}

function whyNot(made: Plan): Failure | undefined {
  if (made.failure || countOf(made) > 0) return made.failure
  return failure('EXHAUSTED', 'plan', 'there is no candidate: no remote has an address that can be tried')
}

// --- for a person ---

function showPlan(made: Plan, { issues, config }: Loaded, seed: number, { options }: Arguments, io: Io): void {
  const { stdout, stderr, env } = io
  showIssues(issues, stderr, paintFor(stderr, env, options))
  const paint = paintFor(stdout, env, options)
  let number = 0
  for (const planned of made.remotes) {
    const remote = config.remotes[planned.remote.index] as Remote
    const lines = remoteLines(planned, remote, number, paint)
    number += planned.candidates.length
    stdout.write(`${lines.join('\n')}\n`)
  }
  const why = whyNot(made)
  stdout.write(`${why ? paint('red', printable(why.message)) : summaryOf(number, config)}\n`)
  const drawn = drawnBy(config)
  if (drawn !== undefined) stdout.write(`${drawn} drawn, from seed ${seed}; --seed ${seed} draws the same again\n`)
}

function remoteLines(
  { remote, candidates, skipped, failure }: PlannedRemote,
  options: Remote,
  before: number,
  paint: Paint,
): string[] {
  const families = options.family ?? 'ipv4 and ipv6'
  const { proto, connectTimeout, confirm } = options
  const head = `${paint('bold', printable(remote.host))} port ${remote.port}, ${proto}, ${families}`
  const about = `${CONFIRMATIONS[confirm.kind]}; ${formatMs(connectTimeout)} for each attempt`
  return [
    head,
    paint('dim', `     ${about}`),
    ...candidates.map((candidate, i) => candidateLine(before + i + 1, candidate)),
    ...(failure ? [`     ${paint('red', `failed to resolve: ${reasonOf(failure)}`)}`] : []),
    ...skipped.map(({ candidate, failure }) => {
      const what = candidate ? `${printable(formatEndpoint(candidate))}  ` : ''
      return `  -  ${what}${paint('yellow', `skipped: ${reasonOf(failure)}`)}`
    }),
  ]
}

const CONFIRMATIONS: Readonly<Record<Remote['confirm']['kind'], string>> = {
  none: 'not confirmed',
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
function drawnBy({ remoteRandom, remoteRandomHostname }: ClientConfig): string | undefined {
  if (!remoteRandom && !remoteRandomHostname) return undefined
  if (!remoteRandomHostname) return 'the order of the remotes is'
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
