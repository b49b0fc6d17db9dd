/**
 * S5 from outside: actors that babble. Before each of their own events they repeat what was said of attempts and
 * look-ups that are over, and say the same of such as never were. Nothing may change.
 */
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { fromCallback } from 'xstate'
import { runScenario } from '../../src/sim/run-scenario.ts'
import { traceLine } from '../../src/trace.ts'
import { clientByHand } from './by-hand.ts'
import { script } from './script.ts'

interface Numbered {
  readonly type: string
  readonly attempt?: number
  readonly query?: number
}

interface Talk {
  readonly sendBack: (event: Numbered) => void
}

/** How much each event repeats. */
const REMEMBERED = 12

/** The same logic; what it says comes after what others said, and after what nobody has said yet. */
function loud<Logic extends object>(logic: Logic, said: Numbered[]): Logic {
  const { config: run } = logic as unknown as { readonly config: (talk: Talk) => () => void }
  return fromCallback((talk) => {
    const sendBack = talk.sendBack
    return run({
      ...(talk as object),
      sendBack: (event) => {
        for (const old of said.slice(-REMEMBERED)) {
          if (isOver(old, event)) sendBack(old)
          sendBack(numbered(old, 1_000_000))
        }
        said.push(event)
        sendBack(event)
      },
    })
  }) as unknown as Logic
}

/** In a sequential run each number has its time: a smaller one of the same kind is over. */
const isOver = (old: Numbered, now: Numbered) =>
  old.attempt === undefined ? (now.query ?? 0) > (old.query ?? 0) : (now.attempt ?? 0) > old.attempt

const numbered = (event: Numbered, by: number): Numbered =>
  event.attempt === undefined ? { ...event, query: (event.query ?? 0) + by } : { ...event, attempt: event.attempt + by }

test('S5 events of attempts and look-ups that are over, or never were, change nothing', () => {
  fc.assert(
    fc.property(script, (drawn) => {
      const pacing = { ...drawn.config.pacing, policy: 'sequential' as const }
      const scenario = { ...drawn, timeline: [], config: { ...drawn.config, pacing } }
      const said: Numbered[] = []
      const babbling = clientByHand(scenario, ({ resolver, dialer, ...others }) => {
        return { ...others, resolver: loud(resolver, said), dialer: loud(dialer, said) }
      })
      babbling.start()
      while (babbling.step());
      const { trace } = runScenario(scenario)
      const odd = babbling.notes.map(traceLine).find((line, i) => line !== trace[i])
      if (odd !== undefined || babbling.notes.length < trace.length)
        throw new Error(`S5: ${odd ?? 'the end is missing'}`)
      babbling.actor.stop()
      expect(babbling.left()).toEqual([])
    }),
    { seed: 20_261_122, numRuns: 300 },
  )
})
