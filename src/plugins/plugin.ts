/**
 * The contract of socket plugins (R9): whoever keeps to it gives the engine sockets that it has not made itself. The main
 * path knows this contract, and no plugin.
 *
 * A module registers its directives as data, reads those that make hops, and makes the plugin for what a configuration
 * says to it. A plugin has two halves, and may have either: it carries dialers over hops (`hops`, by negotiators:
 * `negotiator.ts`), or gives binders ready listening sockets, each in place of a bind (`ready`).
 */
import type { DockRequest } from '../dock.ts'
import type { Place, Problem } from '../config/issue.ts'
import type { HopConfig } from '../config/schema.ts'
import type { Value } from '../config/source.ts'
import type { Transport } from '../endpoint.ts'
import type { Failure } from '../failure.ts'
import type { HopRequest, Negotiator } from './negotiator.ts'

/** What a plugin registers. */
export interface PluginManifest {
  /** The name that `socket-plugin` loads it by. */
  readonly name: string
  /** The words that may follow its name there, as in `PluginDirective`. */
  readonly usage: string
  /** Its own directives by name. None may be one of the language's; their words are kept as written, for `create`. */
  readonly directives: ReadonlyMap<string, PluginDirective>
}

export interface PluginDirective {
  /** The words behind it: `host [port]`; `...` at the end takes any number more; empty: none. */
  readonly usage: string
  /** It may stand in a `<connection>` or `<listen>` block, too. */
  readonly inBlock: boolean
  /**
   * `hop`: each line of it is one hop of the chain, in the order written. `option`: it adds to the hop of this plugin
   * that stands above it, or to the only one. Without it, its lines go to `create` as they are.
   */
  readonly makes?: 'hop' | 'option' | undefined
}

export interface PluginModule extends PluginManifest {
  readonly create: (orders: PluginOrders) => SocketPlugin
  /** For who registers directives that make hops. */
  readonly hopLines?: HopLines | undefined
}

/** Between the text of a configuration and its hops. Pure: a configuration is checked with it. */
export interface HopLines {
  /** The settings of one hop, from its line and its options: what counts more comes later. What is wrong is told to `desk`. */
  readonly read: (line: HopLine, options: readonly HopOption[], desk: Desk) => HopConfig | undefined
  /** The way back: the same hop would be read from these lines, the first of which makes it. */
  readonly print: (hop: HopConfig) => PrintedHop
}

/** A line as it was written; `body` if it was a block. */
export interface HopLine {
  readonly name: string
  readonly at: Place
  readonly values: readonly Value[]
  readonly body?: string | undefined
}

export interface HopOption extends HopLine {
  /**
   * Seen from the line of its hop. What that line says counts more than what stands above it, or is inherited from a
   * farther scope, which may be said anew without a note; and less than what stands below.
   */
  readonly stands: 'inherited' | 'above' | 'below'
}

export interface Desk {
  readonly report: (at: Place, problem: Problem) => void
  /** Keeps a secret, and returns the handle that may stand in settings: `key:1`. */
  readonly keep: (secret: Uint8Array) => string
  /** The text of a file that a line names, which is taken for a secret. What is wrong with it has been reported. */
  readonly read: (file: Value) => string | undefined
  /** Of a printed text: the handle behind this `[[INLINE]]`. */
  readonly inlined: (value: Value) => string | undefined
}

export interface PrintedHop {
  readonly lines: readonly string[]
  /** For each `[[INLINE]]` in these lines, in order, the handle. */
  readonly handles: readonly string[]
}

/** What a configuration says to one plugin. */
export interface PluginOrders {
  readonly name: string
  /** The words behind its name in `socket-plugin NAME ...`. */
  readonly words: readonly string[]
  /** Its directives, in the order in which they count. */
  readonly directives: readonly PluginLine[]
}

export interface PluginLine {
  readonly name: string
  readonly words: readonly string[]
  /** Index of the block in which it stands; `null`: it is global. */
  readonly block: number | null
}

/** A plugin in use. */
export interface SocketPlugin {
  readonly name: string
  /** The dialer half: hops of the kind that has the plugin's name. */
  readonly hops?: HopMaker
  /** The binder half: asked once for each server, before it binds anything. A failure is the server's. Never throws. */
  readonly ready?: () => ReadySockets | Failure
}

/** Sockets that one server may have instead of binding its own. Nothing here throws. */
export interface ReadySockets {
  /**
   * The socket for this request, or `undefined`: then it is bound as usual. A socket is given once, and whoever got it
   * closes it; a listener that died is asked for again.
   */
  readonly take: (request: DockRequest) => ReadySocket | undefined
  /** Why a bind failed, in the words of whoever knows better; `undefined`: nothing to add. */
  readonly explain: (request: DockRequest, why: Failure) => Failure | undefined
  /** Asked when every listener was: a socket that is left over, and meant for nobody, fails the start. */
  readonly leftOver: () => Failure | undefined
}

/** A socket that is bound already and, if it is TCP, listening: an open descriptor of ours. */
export interface ReadySocket {
  readonly fd: number
}

/** Who carries dialers over hops of one kind. Nothing here throws. */
export interface HopMaker {
  /** What is wrong with such a hop on such a way; told before anything is opened. `at`: the part of its settings. */
  readonly judge: (hop: HopConfig, way: Way) => readonly HopProblem[]
  /** What talks to the hop in one attempt. A failure is the attempt's. */
  readonly negotiator: (request: HopRequest) => Negotiator | Failure
}

export interface HopProblem extends Omit<Problem, 'code'> {
  /** The name of the setting that is at fault; without it, the hop itself. */
  readonly setting?: string | undefined
}

/** Where a hop stands on the way to a remote. */
export interface Way {
  /** Of the remote; between hops it is always TCP. */
  readonly transport: Transport
  /** What it carries us to: the next hop, or the remote. */
  readonly target: { readonly host: string; readonly port: number }
  /** Hops before it, and behind it. */
  readonly before: number
  readonly behind: number
}
