/** The port of a hop as a configuration's text has it. What is no number is not quoted: it may be a login. */
import type { Reading } from '../config/issue.ts'
import { readPort } from '../config/quantities.ts'

export function readHopPort(written: string): Reading<number> {
  const reading = readPort(written, 1)
  if (reading.message === undefined || /^\d+$/.test(written)) return reading
  return {
    message: 'a port is a number from 1 to 65535',
    hint: reading.hint ?? 'the login stands behind it, in a file',
  }
}
