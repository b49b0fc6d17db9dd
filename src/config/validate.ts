/** The object form: a program's configuration judged, in the same words as a text's. */
import type { z } from 'zod'
import { alternatives } from './alternatives.ts'
import { type NameOf, clashesOf } from './clashes.ts'
import { conflictsOf } from './conflicts.ts'
import { type HopMakers, hopConflictsOf } from './hop-conflicts.ts'
import type { Issue, Problem } from './issue.ts'
import { peerConflictsOf } from './peer-conflicts.ts'
import { PeerSchema } from './peer-schema.ts'
import { type Config, ClientSchema } from './schema.ts'
import { ServerSchema } from './server-schema.ts'

export interface Validated {
  /** Absent exactly when there is an error. Every default is filled in. */
  readonly config?: Config
  readonly issues: readonly Issue[]
}

export interface Finding extends Problem {
  readonly path: readonly PropertyKey[]
}

/**
 * Judges anything; issues have a `path` (`remotes[0].port`) and no line. Never throws. Hops are judged where `makers`
 * are given.
 */
export function validateConfig(input: unknown, makers?: HopMakers): Validated {
  const { config, findings } = examine(input, { makers })
  const issues = findings.map(({ path, ...problem }): Issue => {
    return { ...problem, file: 'configuration', line: 0, column: 0, length: 0, path: pathText(path) }
  })
  return config ? { config, issues } : { issues }
}

export interface Examined {
  readonly config?: Config
  readonly findings: readonly Finding[]
}

export interface ExamineOptions {
  /** What messages call a part. */
  readonly nameOf?: NameOf | undefined
  readonly makers?: HopMakers | undefined
}

/** The same, with paths for the compilers of texts to find places by. */
export function examine(input: unknown, options: ExamineOptions = {}): Examined {
  const parsed = safeParse(input)
  if (!parsed.success) return { findings: parsed.error.issues.map(findingOf) }
  const config = parsed.data
  const findings = findingsIn(config, options)
  return findings.some(({ severity }) => severity === 'error') ? { findings } : { config, findings }
}

function findingsIn(config: Config, { nameOf = pathText, makers }: ExamineOptions): readonly Finding[] {
  switch (config.mode) {
    case 'client':
      return [...conflictsOf(config), ...(makers ? hopConflictsOf(config, makers) : [])]
    case 'server':
      return [...clashesOf(config, nameOf)]
    case 'p2p':
      return peerConflictsOf(config)
  }
}

// A getter in the input may throw: then the input is at fault.
function safeParse(
  input: unknown,
): { success: true; data: Config } | { success: false; error: Pick<z.ZodError, 'issues'> } {
  try {
    return schemaFor(input).safeParse(input)
  } catch {
    const message = 'this object cannot be read'
    return { success: false, error: { issues: [{ code: 'custom', message, path: [], input: undefined }] } }
  }
}

// Without a mode, what is there to be served or dialled tells whose it is; never a peer's.
function schemaFor(input: unknown): typeof ClientSchema | typeof ServerSchema | typeof PeerSchema {
  if (typeof input !== 'object' || input === null) return ClientSchema
  const mode = 'mode' in input ? input.mode : 'listen' in input ? 'server' : 'client'
  return mode === 'server' ? ServerSchema : mode === 'p2p' ? PeerSchema : ClientSchema
}

function findingOf(issue: z.core.$ZodIssue): Finding {
  const code: unknown = issue.code === 'custom' ? issue.params?.['code'] : undefined
  return {
    severity: 'error',
    code: typeof code === 'string' ? code : 'value',
    message: sentence(issue),
    path: issue.path,
  }
}

/** What a zod issue says to a person; scenario files say it in the same words. */
export function sentence(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'unrecognized_keys':
      return `there is no ${issue.keys.map((key) => JSON.stringify(key)).join(', ')} here`
    case 'invalid_value':
      return `expected ${quoted(issue.values)}`
    case 'invalid_union':
      return `expected ${'options' in issue && issue.options ? quoted(issue.options) : eachOf(issue.errors)}`
    case 'invalid_type':
      return `expected ${named(issue.expected)}`
    case 'too_small':
      return `expected ${sized(issue.origin, 'at least', Number(issue.minimum))}`
    case 'too_big':
      return `expected ${sized(issue.origin, 'at most', Number(issue.maximum))}`
    default:
      return issue.message
  }
}

const quoted = (values: readonly z.core.util.Primitive[]) =>
  alternatives(values.map((value) => (typeof value === 'string' ? JSON.stringify(value) : String(value))))

// What each branch of a union wanted, as one sentence.
const eachOf = (branches: readonly (readonly z.core.$ZodIssue[])[]) =>
  alternatives(branches.map(([first]) => sentence(first as z.core.$ZodIssue).replace(/^expected /, '')))

const named = (expected: string) =>
  ({ int: 'a whole number', object: 'an object', array: 'a list', string: 'a text' })[expected] ?? `a ${expected}`

function sized(origin: string, bound: string, limit: number): string {
  if (origin === 'array') return `a list of ${bound} ${limit}`
  if (origin === 'string') return `a text of ${bound} ${limit} characters`
  return `${bound} ${limit}`
}

function pathText(path: readonly PropertyKey[]): string {
  return path.map((key, i) => (typeof key === 'number' ? `[${key}]` : `${i > 0 ? '.' : ''}${String(key)}`)).join('')
}
