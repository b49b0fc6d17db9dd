/** `connected to udp 192.0.2.1:1194 (vpn.example) after 12 ms, unconfirmed`: how a run that has won ends. */
import type { ScenarioResult } from '../../sim/result.ts'
import { namedTargetOf } from '../explain.ts'
import { formatMs } from './duration.ts'

type Won = Pick<ScenarioResult, 'atMs' | 'ledger' | 'trace'> & {
  readonly winner: NonNullable<ScenarioResult['winner']>
}

export function winnerLine({ winner, atMs, ledger, trace }: Won): string {
  const { attempt, candidate, remote } = winner
  const { hops = [] } = ledger.find((entry) => entry.attempt === attempt) ?? {}
  // The trace reaches further back than the ledger does.
  const isOpen = candidate.transport === 'udp' && trace.some((line) => line.endsWith(` ${attempt} won unconfirmed`))
  return `connected to ${namedTargetOf(candidate, remote, hops)} after ${formatMs(atMs)}${isOpen ? ', unconfirmed' : ''}`
}
