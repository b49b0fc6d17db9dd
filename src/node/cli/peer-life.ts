/** The life of a peer. */
import { triesNobody } from '../../config/peer-schema.ts'
import { createPeer } from '../create-peer.ts'
import type { Arguments } from './arguments.ts'
import type { Io } from './io.ts'
import { KeeperLife, roundsOf } from './keeper-life.ts'
import type { Life } from './life.ts'
import type { PeerLoaded } from './load.ts'
import type { Paint } from './paint.ts'
import { peerTape } from './tape.ts'
import { peerView } from './view.ts'

export function peerLife({ config }: PeerLoaded, args: Arguments, io: Io, paint: Paint): Life {
  const { options } = args
  const { seed } = options
  const rounds = { connectRetryMax: roundsOf(config, options) }
  const keeper = createPeer({ ...config, ...rounds }, seed === undefined ? {} : { seed })
  const view = peerView(io.stderr, paint, triesNobody(config), options)
  return new KeeperLife({ who: 'peer', config, keeper, tape: peerTape(), view }, args, io, paint)
}
