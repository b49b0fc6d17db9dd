/**
 * `sockchart run`: a client, a server or a peer on real sockets, from one life to the next, until it is stopped or gives up. It
 * reads the configuration and hears the signals; what a life does is its own affair.
 */
import type { Parsed } from '../../config/parse.ts'
import { isStream } from '../load-config.ts'
import type { LoadedConfig } from '../load-plugins.ts'
import type { Arguments } from './arguments.ts'
import { clientLife } from './client-life.ts'
import { EXIT, type Io, tellProgram } from './io.ts'
import type { Life } from './life.ts'
import { type Loaded, isSound, loadToRun, nameOf } from './load.ts'
import { type Paint, paintFor } from './paint.ts'
import { peerLife } from './peer-life.ts'
import { countIssues, issueTexts, tellIssues } from './report-issues.ts'
import { ServerLife } from './server-life.ts'
import { hearSignals, jobControl } from './signals.ts'
import { refusal } from './tape.ts'

export async function run(args: Arguments, io: Io): Promise<number> {
  const paint = paintFor(io.stderr, io.env, args.options)
  const parsed = await loadToRun(args)
  report(parsed, args, io, paint, (text) => io.stderr.write(`${text}\n`), 0)
  if (!isSound(parsed)) {
    if (args.options.json) {
      const result = refusal(`the configuration has ${countIssues(parsed.issues)}`)
      tellProgram(io.stdout, { type: 'result', at: 0, ...result })
    }
    return EXIT.config
  }
  let loaded = parsed
  let life = lifeOf(loaded, args, io, paint)
  const restart = async () => {
    const again = await reload(args, loaded)
    if (life.isStopping) return
    report(again, args, io, paint, life.say, life.age)
    if (!isSound(again)) return life.say('the configuration has errors now; going on with what it was')
    loaded = again
    life.say('starting over')
    life.end('restart')
  }
  // Heard once for all lives: between two hearings a signal is lost, and the last Ctrl-C forgotten.
  const unhear = hearSignals(io, {
    SIGINT: () => life.end('interrupted'),
    SIGTERM: () => life.end('stopped'),
    SIGUSR1: () => life.next(),
    SIGHUP: () => void restart(),
    ...jobControl(io, () => life.view),
  })
  while ((await life.ended()) === 'restart') life = lifeOf(loaded, args, io, paint)
  unhear()
  life.report()
  return life.code()
}

function lifeOf(loaded: Loaded, args: Arguments, io: Io, paint: Paint): Life {
  const { config } = loaded
  switch (config.mode) {
    case 'client':
      return clientLife({ ...loaded, config }, args, io, paint)
    case 'server':
      return new ServerLife({ ...loaded, config }, args, io, paint)
    case 'p2p':
      return peerLife({ ...loaded, config }, args, io, paint)
  }
}

/** The configuration as it is now; of one that came through a pipe, what was read then. */
async function reload(args: Arguments, before: Loaded): Promise<LoadedConfig> {
  const { file } = args
  if (file === undefined || !isStream(file)) return loadToRun(args)
  const at = { file: nameOf(args), line: 0, column: 0, length: 0 }
  const message = 'a pipe cannot be read again; what was read the first time counts'
  return { ...before, issues: [{ ...at, severity: 'warning', code: 'source', message }] }
}

/** A person is told the errors and warnings, and spared the notes. `at`: ms, for a program. */
function report(
  { config, issues }: Parsed,
  { options }: Arguments,
  io: Io,
  paint: Paint,
  say: (text: string) => void,
  at: number,
): void {
  if (options.json) return tellIssues(issues, io.stdout, at)
  const told = options.verbose ? issues : issues.filter(({ severity }) => severity !== 'note')
  for (const text of issueTexts(told, io.stderr, paint)) say(text)
  if (!config) say(countIssues(issues))
}
