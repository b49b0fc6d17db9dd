/** The root of a peer, with the junction at which its paths meet its sockets. */
import { type PeerActors, type PeerOutput, peerLedgerOf, peerLogic } from '../../machines/peer.ts'
import { binderLogic } from '../binder.ts'
import type { PeerConfig } from '../config/peer-schema.ts'
import type { ExchangeFactory } from '../confirmation.ts'
import { dialerOver } from '../dialer.ts'
import type { Failure } from '../failure.ts'
import { Junction, greeterLogic, joinAt, junctionOf } from '../junction.ts'
import type { Ledger } from '../ledger.ts'
import { channelFeed } from './channel-feed.ts'
import { seedOf } from './checked.ts'
import { nodeClock } from './clock.ts'
import { exchanges } from './confirmations.ts'
import { DialRoot } from './dial-root.ts'
import { nodeDock } from './dock.ts'
import { newIdentity } from './identity.ts'
import { nodeResolver } from './resolver.ts'
import type { RootListener, RootOptions } from './root.ts'
import { nodeWire } from './wire.ts'

export interface PeerOptions extends RootOptions {
  /** Aborting it ends the attempts and closes what is open. */
  readonly signal?: AbortSignal
  readonly actors?: Partial<PeerActors>
  /**
   * Makes what proves that the peer answers, instead of ours. Both peers need it; whoever sends a first datagram to one
   * that waits is then asked for it.
   */
  readonly exchangeFor?: ExchangeFactory
}

type PeerLogic = ReturnType<typeof peerLogic>

const ORDINARY: PeerActors = {
  resolver: nodeResolver(),
  dialer: dialerOver(junctionOf),
  binder: binderLogic(nodeDock, ({ system }) => junctionOf(system)),
  greeter: greeterLogic(),
}

/** A peer never confirms as OpenVPN does, which alone takes keys. */
const KEYLESS = exchanges({ open: () => undefined })

const confirmingBy = (exchangeFor: ExchangeFactory): Pick<PeerActors, 'dialer'> => {
  return { dialer: dialerOver((system) => ({ wire: junctionOf(system).wire, exchangeFor })) }
}

export class PeerRoot extends DialRoot<PeerLogic> {
  constructor(config: PeerConfig, options: PeerOptions) {
    const { actors, clock = nodeClock, exchangeFor } = options
    super(
      peerLogic({ ...ORDINARY, ...(exchangeFor && confirmingBy(exchangeFor)), ...actors }),
      { config, seed: seedOf(options.seed) },
      options,
    )
    const { keepalive, float, waits, confirm } = config
    const junction = new Junction({
      clock,
      identity: newIdentity(waits),
      keepalive,
      float,
      trustsFirst: confirm === 'none' || exchangeFor !== undefined,
      dock: nodeDock,
      wire: nodeWire(),
      feedFor: channelFeed,
      exchangeFor: KEYLESS,
    })
    joinAt(this.actor.system, junction)
  }

  get ledger(): Ledger {
    return peerLedgerOf(this.actor.getSnapshot())
  }

  override start(listener: RootListener<PeerLogic>): void {
    this.watchNetwork()
    super.start(listener)
  }

  protected broken(why: Failure): PeerOutput {
    return { outcome: 'failed', failure: why }
  }
}
