/**
 * A shortage of this machine (EMFILE and kin) is nobody's fault and may pass: what failed for it is tried again where
 * it stands, before anybody hears of it.
 */
import { isShortage } from './failure.ts'

/** First pause, ms (sshd's figure); it doubles. */
const PAUSE = 100
const RETRIES = 5

/** How long to wait, ms, after the try that follows `retries` others; `undefined`: it has failed for good. */
export function shortagePause(code: string, retries: number): number | undefined {
  return isShortage(code) && retries < RETRIES ? PAUSE * 2 ** retries : undefined
}
