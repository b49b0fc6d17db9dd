/**
 * The contract of socket plugins (R9): whoever keeps to it gives the engine sockets that it has not made itself. The main
 * path knows this contract, and no plugin.
 *
 * A module is made of two parts. What it registers is data, so that a configuration can be checked without running any
 * of its code. `create` then makes the plugin for what a configuration says to it.
 *
 * So far a plugin can serve binders: it gives ready listening sockets, each in place of a bind.
 */
import type { DockRequest } from '../dock.ts'
import type { Failure } from '../failure.ts'

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
}

export interface PluginModule extends PluginManifest {
  readonly create: (orders: PluginOrders) => SocketPlugin
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
