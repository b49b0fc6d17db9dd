/** A peer's own part of a virtual world: its host, its program, its junction. Time, names and the internet are shared. */
import { binderLogic } from '../binder.ts'
import type { PeerConfig } from '../config/peer-schema.ts'
import { dialerOver } from '../dialer.ts'
import { Junction, greeterLogic, junctionOf } from '../junction.ts'
import type { Identity } from '../meeting.ts'
import { hash } from '../seed.ts'
import type { HeapClock } from './clock.ts'
import { virtualDock } from './dock.ts'
import { virtualExchange } from './exchanges.ts'
import { Inbound } from './inbound.ts'
import type { Host, Internet } from './internet.ts'
import type { PeerName } from './link-script.ts'
import { VirtualNetwork } from './network.ts'
import type { Received } from './result.ts'
import { type VirtualNames, virtualResolver } from './resolver.ts'
import type { PeerScript } from './scenario.ts'
import { virtualStreams } from './stream.ts'
import { hexOf, readUtf8 } from '../utf8.ts'
import type { VirtualHost } from './world.ts'

export interface PeerWorld extends VirtualHost, Host {
  readonly internet: Internet
  /** What the program has received. */
  readonly inbox: readonly Received[]
}

/** What the program of a peer has of a connection. */
export interface PeerConnection {
  readonly send: (bytes: Uint8Array) => void
}

interface Shared {
  readonly clock: HeapClock
  readonly names: VirtualNames
  readonly internet: Internet
}

export function peerWorld(name: PeerName, { self, binds }: PeerScript, { clock, names, internet }: Shared): PeerWorld {
  const network = new VirtualNetwork({ network: {}, self, binds })
  const { ports } = network
  const inbox: Received[] = []
  const inbound = new Inbound(ports, (source, to, bytes) => internet.send(world, source, to, bytes))
  const read = (bytes: Uint8Array) => void inbox.push({ atMs: clock.now(), ...readable(bytes) })
  const world: PeerWorld = { name, clock, names, internet, network, ports, inbound, read, inbox }
  internet.join(world)
  return world
}

function readable(bytes: Uint8Array): Pick<Received, 'text' | 'hex'> {
  const text = readUtf8(bytes)
  return text === undefined ? { hex: hexOf(bytes) } : { text }
}

/** The actors of `src/actors.ts`, for a peer. `world`: the one that the root lives in whose actor starts. */
export function peerActors(world: () => PeerWorld) {
  return {
    resolver: virtualResolver(world),
    dialer: dialerOver(junctionOf),
    binder: binderLogic(virtualDock(world), ({ system }) => junctionOf(system)),
    greeter: greeterLogic(),
  }
}

/** `seed`: of this one life; each has an instance id of its own. */
export function virtualJunction(world: PeerWorld, config: PeerConfig, seed: number): Junction {
  const { clock, read } = world
  return new Junction({
    clock,
    identity: identityOf(seed, config.waits),
    keepalive: config.keepalive,
    float: config.float,
    trustsFirst: config.confirm === 'none',
    dock: virtualDock(() => world),
    wire: virtualStreams(() => world),
    feedFor: (carrier) => {
      const handle: PeerConnection = { send: (bytes) => void carrier.send(bytes) }
      return { handle, deliver: read, end: () => {} }
    },
    exchangeFor: virtualExchange,
  })
}

/** Eight bytes each, as a real peer draws them. */
export function identityOf(seed: number, passive: boolean): Identity {
  const drawn = (label: string) => Uint8Array.from({ length: 8 }, (_, i) => hash(seed, label, i) & 255)
  return { id: drawn('instance'), passive, cookieFor: (path) => drawn(`cookie ${path}`) }
}
