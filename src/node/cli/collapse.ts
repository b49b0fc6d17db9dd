/**
 * Lines of which there may be thousands at once: of each kind the first few are told, the rest is counted, and told as a
 * number once a second, until a second has passed without.
 */
import type { Told } from './event-line.ts'

/** Lines of one kind before the rest is only counted. */
const FEW = 5
/** ms. */
const WHILE = 1000

/** `at`: ms since the start. */
type Tell = (at: number, told: Told) => void

export interface Collapsed {
  /** `kind`: what more of them are called (`refused`); without one, the line is always told. */
  readonly tell: (at: number, told: Told, kind?: string) => void
  /** Tells what was counted, at last. */
  readonly end: () => void
}

interface Crowd {
  told: number
  untold: number
  at: number
  timer: NodeJS.Timeout
}

export function collapse(tell: Tell): Collapsed {
  const crowds = new Map<string, Crowd>()

  const sum = (kind: string, { untold, at }: Crowd) => {
    if (untold > 0) tell(at, [`and ${untold} more ${kind}`, 'dim'])
  }
  const later = (kind: string) => setTimeout(() => look(kind), WHILE).unref()
  const look = (kind: string) => {
    const crowd = crowds.get(kind) as Crowd
    crowds.delete(kind)
    if (crowd.untold === 0) return
    sum(kind, crowd)
    crowds.set(kind, { ...crowd, untold: 0, timer: later(kind) })
  }

  return {
    tell: (at, told, kind) => {
      if (kind === undefined) return tell(at, told)
      const crowd = crowds.get(kind) ?? { told: 0, untold: 0, at, timer: later(kind) }
      crowds.set(kind, crowd)
      crowd.at = at
      if (crowd.told === FEW) return void crowd.untold++
      crowd.told++
      tell(at, told)
    },
    end: () => {
      for (const [kind, crowd] of crowds) {
        clearTimeout(crowd.timer)
        sum(kind, crowd)
      }
      crowds.clear()
    },
  }
}
