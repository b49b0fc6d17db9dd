/** The command line as a function: arguments in, exit code out. */
import { readFileSync } from 'node:fs'
import { type Arguments, readArguments } from './arguments.ts'
import { check } from './check.ts'
import { demo } from './demo.ts'
import { HELP } from './help.ts'
import { EXIT, type Io, endWithReader, tellProgram } from './io.ts'
import { plan } from './plan.ts'
import { run } from './run.ts'
import { simulate } from './simulate.ts'

export async function sockchart(argv: readonly string[], io: Io): Promise<number> {
  endWithReader(io)
  const read = readArguments(argv)
  if ('print' in read) {
    io.stdout.write(read.print === 'help' ? HELP : `sockchart ${version()}\n`)
    return EXIT.done
  }
  if ('problems' in read) {
    for (const problem of read.problems) io.stderr.write(`sockchart: ${problem}\n`)
    io.stderr.write('"sockchart help" tells more\n')
    if (argv.includes('--json')) {
      const failure = { code: 'USAGE', stage: 'plan', message: read.problems.join('; ') }
      tellProgram(io.stdout, { type: 'result', outcome: 'failed', failure })
    }
    return EXIT.config
  }
  return dispatch(read, io)
}

function dispatch(args: Arguments, io: Io): number | Promise<number> {
  switch (args.command) {
    case 'check':
      return check(args, io)
    case 'plan':
      return plan(args, io)
    case 'run':
      return run(args, io)
    case 'simulate':
      return simulate(args, io)
    case 'demo':
      return demo(args, io)
    case 'help':
      io.stdout.write(HELP)
      return EXIT.done
  }
}

/** From the package that this file is in, wherever it was built to. */
function version(): string {
  for (let folder = new URL('.', import.meta.url); folder.pathname !== '/'; folder = new URL('..', folder)) {
    try {
      const { name, version } = JSON.parse(readFileSync(new URL('package.json', folder), 'utf8')) as Record<
        string,
        string
      >
      if (name === 'sockchart' && version !== undefined) return version
    } catch {
      // Not in this folder.
    }
  }
  return 'of an unknown version'
}
