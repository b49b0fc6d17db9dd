/** A login in a configuration's text: in a file, as a block, or as the `[[INLINE]]` of a printed text. No message quotes it. */
import { INLINE } from '../config/keys.ts'
import type { Value } from '../config/source.ts'
import { utf8 } from '../utf8.ts'
import { type Login, loginOf } from './login.ts'
import { lastOf } from './last-of.ts'
import type { Desk, HopLine, HopOption } from './plugin.ts'

/** What this hop cannot send. `text`: as it was written, without its last line end. */
type Judge = (login: Login, text: string) => string | undefined

/** The login that counts, and the only one to be read. `named`: the file that the line of the hop names. */
export function loginAmong(
  named: Value | undefined,
  options: readonly HopOption[],
  desk: Desk,
): Value | HopOption | undefined {
  const isBelow = ({ stands }: HopOption) => stands === 'below'
  const before = options.filter((option) => !isBelow(option))
  return lastOf([...before, ...(named ? [named] : []), ...options.filter(isBelow)], 'the login', desk)
}

/** Returns the handle; `undefined`: it could not be read, which was reported. */
export function readLogin(written: Value | HopLine, desk: Desk, judge: Judge): string | undefined {
  if ('values' in written && written.body !== undefined) return keep(written.body, written, desk, judge)
  const file = 'values' in written ? (written.values[0] as Value) : written
  if (file.text === INLINE || file.text === '[inline]') {
    return desk.inlined(file) ?? complain(desk, file, 'the login itself is not here', HINT)
  }
  if (file.text === 'stdin') return complain(desk, file, 'nobody is asked for a login here', HINT)
  const text = desk.read(file)
  return text === undefined ? undefined : keep(text, file, desk, judge)
}

function keep(text: string, { at }: Value | HopLine, desk: Desk, judge: Judge): string | undefined {
  const secret = utf8(text)
  const login = loginOf(secret)
  if (!login)
    return complain(desk, { at }, 'a login is a user and a password on two lines', 'nothing else stands there')
  const problem = judge(login, text.replace(/\r?\n$/, ''))
  return problem === undefined ? desk.keep(secret) : complain(desk, { at }, problem)
}

const HINT = 'write the user and the password on two lines of a file, and name the file here; or make them a block'

function complain(desk: Desk, { at }: Pick<Value, 'at'>, message: string, hint?: string): undefined {
  desk.report(at, { severity: 'error', code: 'value', message, hint })
  return undefined
}
