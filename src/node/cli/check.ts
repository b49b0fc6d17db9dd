/** `sockchart check`: every problem at once, as a compiler shows them. Looks nothing up, opens nothing. */
import { printable } from '../../printable.ts'
import type { Arguments } from './arguments.ts'
import { EXIT, type Io, tellProgram } from './io.ts'
import { load, nameOf } from './load.ts'
import { type Paint, paintFor } from './paint.ts'
import { countIssues, showIssues, tellIssues } from './report-issues.ts'
import type { Ignored } from '../../config/scopes.ts'

export function check(args: Arguments, io: Io): number {
  const { config, issues, ignored } = load(args)
  const { json, verbose } = args.options
  const code = config ? EXIT.done : EXIT.config
  if (json) {
    tellIssues(issues, io.stdout)
    if (verbose)
      for (const { name, why, at } of ignored) tellProgram(io.stdout, { type: 'ignored', name, why, ...spot(at) })
    const count = (severity: string) => issues.filter((issue) => issue.severity === severity).length
    const counts = { errors: count('error'), warnings: count('warning'), notes: count('note'), ignored: ignored.length }
    tellProgram(io.stdout, { type: 'result', outcome: config ? 'ok' : 'failed', ...counts })
    return code
  }
  const paint = paintFor(io.stdout, io.env, args.options)
  showIssues(issues, io.stdout, paint)
  if (verbose) for (const one of ignored) io.stdout.write(`${ignoredLine(one, paint)}\n`)
  const found = countIssues(issues)
  const verdict = config ? paint('green', 'ok') : paint('red', 'failed')
  const few = ignored.length > 0 && !verbose ? `; ${ignored.length} ignored (-v lists them)` : ''
  io.stdout.write(`${printable(nameOf(args))}: ${verdict}${found === '' ? '' : `, ${found}`}${few}\n`)
  return code
}

const spot = ({ file, line, column }: Ignored['at']) => ({ file, line, column })

function ignoredLine({ name, why, at }: Ignored, paint: Paint): string {
  const place = at.line > 0 ? `${at.file}:${at.line}:${at.column}` : at.file
  return paint('dim', `${printable(place)}: ignored: ${printable(name)} (${why})`)
}
