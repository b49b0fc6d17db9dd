/** Ways over hops, in the Node ring: each hop's negotiator comes from the plugin that makes its kind. */
import { failure } from '../failure.ts'
import type { SocketPlugin } from '../plugins/plugin.ts'
import type { HopMeans } from '../tunnel.ts'
import { channelFeed } from './channel-feed.ts'
import type { KeySource } from './confirmations.ts'
import { hopTools } from './hop-tools.ts'

/** `vault`: where the handles lead that stand in the settings of hops. */
export function hopsOver(plugins: readonly SocketPlugin[], vault: KeySource): HopMeans {
  return {
    negotiatorFor: (stop) => {
      const maker = plugins.find(({ name, hops }) => hops && name === stop.hop.kind)?.hops
      const open = (handle: string) => vault.open(handle)
      return maker?.negotiator({ ...stop, open, tools: hopTools }) ?? unmade(stop.hop.kind)
    },
    feedFor: channelFeed,
  }
}

const unmade = (kind: string) => failure('BAD_HOP', 'negotiate', `no plugin here makes hops of the kind "${kind}"`)
