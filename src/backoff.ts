/** The pause between two rounds. It stands between rounds only, never between candidates. */
import { fraction } from './seed.ts'

export interface Backoff {
  /** First pause, ms (`connect-retry n`; OpenVPN's default, 1 s). */
  readonly min: number
  /** Longest pause, ms (`connect-retry n max`; OpenVPN's default, 300 s). */
  readonly max: number
}

/**
 * Milliseconds to wait after the `failed`th failed round in a row (1, 2, ...): min(max, n * 2^max(0, k-4)), times 1 to
 * 1.1 by the seed, so that many clients of one dead server do not come back in step. 1 1 1 1 2 4 8 ... s by default.
 * The exponent stops at 15, as in OpenVPN.
 */
export function pauseAfter(backoff: Backoff, failed: number, seed: number): number {
  const base = Math.min(backoff.max, backoff.min * 2 ** Math.min(15, Math.max(0, failed - 4)))
  return Math.round(base * (1 + 0.1 * fraction(seed, 'backoff', failed)))
}
