/** Two shapes that zod lacks: a union whose problems are those of one branch, and a record that judges its keys. */
import { z } from 'zod'
import { sentence } from '../config/validate.ts'

/** A union whose branch is picked by looking at the value, so that its problems are told, and not everybody's. */
export function choice<const Schema extends z.ZodType>(pick: (value: unknown) => Schema | string) {
  return z.unknown().transform((value, context) => {
    const schema = pick(value)
    if (typeof schema === 'string') {
      context.issues.push({ code: 'custom', message: schema, input: value })
      return z.NEVER
    }
    const parsed = schema.safeParse(value)
    if (parsed.success) return parsed.data
    for (const issue of parsed.error.issues)
      context.issues.push({ code: 'custom', message: sentence(issue), path: issue.path, input: value })
    return z.NEVER
  }) as unknown as z.ZodType<z.output<Schema>, z.input<Schema>>
}

/** A record with a limit, and keys that `problem` has nothing to say against. */
export function table<Value extends z.ZodType>(
  value: Value,
  max: number,
  problem: (key: string) => string | undefined,
) {
  return z.record(z.string(), value).check((context) => {
    const keys = Object.keys(context.value)
    const tell = (message: string, path: string[]) =>
      context.issues.push({ code: 'custom', message, path, input: context.value })
    if (keys.length > max) tell(`at most ${max} entries`, [])
    for (const key of keys) {
      const message = problem(key)
      if (message !== undefined) tell(message, [key])
    }
  })
}

export const isObject = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
