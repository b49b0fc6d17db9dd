/** A configuration in a scenario file, in either form. */
import { z } from 'zod'
import { parseConfig } from '../config/parse.ts'
import type { PeerConfigInput } from '../config/peer-schema.ts'
import type { ClientConfigInput, Config } from '../config/schema.ts'
import type { ServerConfigInput } from '../config/server-schema.ts'
import { examine } from '../config/validate.ts'
import { KNOWN_MAKERS, KNOWN_PLUGINS } from '../plugins/known.ts'

/** Compiles either form; what is wrong in a text is told with its line. Warnings are `check`'s business. */
export const Configuration = z.unknown().transform((value, context): Config => {
  const tell = (message: string, path: readonly PropertyKey[]) =>
    context.issues.push({ code: 'custom', message, path: [...path], input: value })
  const { config, problems } = typeof value === 'string' ? compileText(value) : compileObject(value)
  for (const { message, path } of problems) tell(message, path)
  return config ?? z.NEVER
}) as unknown as z.ZodType<Config, string | ClientConfigInput | ServerConfigInput | PeerConfigInput>

interface Compiled {
  readonly config?: Config | undefined
  readonly problems: readonly { readonly message: string; readonly path: readonly PropertyKey[] }[]
}

function compileText(text: string): Compiled {
  const { config, issues } = parseConfig({ file: 'config', text }, { plugins: KNOWN_PLUGINS })
  const errors = issues.filter(({ severity }) => severity === 'error')
  return {
    config,
    problems: errors.map(({ line, column, message }) => ({ path: [], message: at(line, column, message) })),
  }
}

const at = (line: number, column: number, message: string) =>
  line === 0 ? message : `line ${line}, column ${column}: ${message}`

function compileObject(value: unknown): Compiled {
  const { config, findings } = examine(value, { makers: KNOWN_MAKERS })
  return { config, problems: findings.filter(({ severity }) => severity === 'error') }
}
