/** Ways over hops, in the Node ring: each hop's negotiator comes from the plugin that makes its kind. */
import type { HopMakers } from '../config/hop-conflicts.ts'
import { type HopMeans, noSuchHop } from '../tunnel.ts'
import { channelFeed } from './channel-feed.ts'
import type { KeySource } from './confirmations.ts'
import { hopTools } from './hop-tools.ts'

/** `vault`: where the handles lead that stand in the settings of hops. */
export function hopsOver(makers: HopMakers, vault: KeySource): HopMeans {
  return {
    negotiatorFor: (stop) => {
      const own = new Set(Object.values(stop.hop.settings).flat())
      // A hop gets its own secrets alone.
      const open = (handle: string) => (own.has(handle) ? vault.open(handle) : undefined)
      return makers.get(stop.hop.kind)?.negotiator({ ...stop, open, tools: hopTools }) ?? noSuchHop(stop.hop)
    },
    feedFor: channelFeed,
  }
}
