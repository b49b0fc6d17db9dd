/** What a result has in tables: the sockets that were bound, who came to them, and the attempts. */
import { EMPTY_ROSTER } from '../../roster.ts'
import type { ScenarioResult } from '../../sim/result.ts'
import { ledgerLines } from './ledger-view.ts'
import { rosterLines } from './roster-view.ts'
import type { Sheet } from './table.ts'

type Tables = Pick<ScenarioResult, 'ledger' | 'listeners' | 'counters'>

/** Nothing, where there is nothing to tell; a blank line stands between two tables. */
export function resultLines(
  { ledger, listeners = [], counters = EMPTY_ROSTER.counters }: Tables,
  sheet: Sheet,
): string[] {
  const sockets = rosterLines({ listeners, counters }, sheet)
  const attempts = ledger.length > 0 ? ledgerLines(ledger, sheet) : []
  return [...sockets, ...(sockets.length > 0 && attempts.length > 0 ? [''] : []), ...attempts]
}
