/**
 * The code of a plugin is somebody else's, and promises not to throw: if it does, that is a problem like any other. What
 * was thrown is not quoted, since it may hold what the plugin was reading.
 */
import type { Problem } from './issue.ts'

export type Called<Value> = { readonly value: Value } | { readonly problem: Problem }

/** `does` completes "the plugin ... failed when it ...". */
export function callPlugin<Value>(plugin: string, does: string, call: () => Value): Called<Value> {
  try {
    return { value: call() }
  } catch {
    return { problem: { severity: 'error', code: 'R9', message: `the plugin "${plugin}" failed when it ${does}` } }
  }
}
