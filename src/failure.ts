/**
 * Failures are data: what failed, at which stage, with a code for programs and a sentence for people. An `Error` exists
 * only where a promise rejects, in the Node ring.
 */

/** Where in the life of an attempt (or before it) something failed. */
export type Stage = 'resolve' | 'plan' | 'open' | 'connect' | 'negotiate' | 'confirm' | 'connected' | 'bind' | 'accept'

/**
 * `code` is the system's own (`ECONNREFUSED`, `ENOTFOUND`, ...) or one of ours:
 *
 * | code | meaning |
 * |---|---|
 * | `TIMEOUT` | the attempt's deadline passed |
 * | `RESOLVE_TIMEOUT` | the look-up's deadline passed |
 * | `BAD_HOST` | a host that the system never gets to see: control characters, numeric shorthands |
 * | `NO_ADDRESS` | the name exists and has no address of the wanted families |
 * | `LOCAL_FAMILY` | the local address is of the other family (R6) |
 * | `REMOTE_FAMILY` | the remote is forced to the other family (R1) |
 * | `BAD_ADDRESS` | an answer that cannot be dialled |
 * | `TOO_MANY_ADDRESSES` | more than 25 addresses in one answer |
 * | `SELF_CONNECT` | the socket was connected to itself |
 * | `BAD_REPLY` | the peer answered the confirmation with nonsense |
 * | `BAD_KEY` / `BAD_DIGEST` | the confirmation cannot be signed: no such key here, no such digest |
 * | `HOP_REFUSED` | a hop would not carry us further |
 * | `HOP_AUTH` | a hop wants a login that we do not have, or has refused ours |
 * | `HOP_DOWNGRADE` | a hop offers only what is weaker than what was asked for |
 * | `BAD_HOP` | a hop cannot be asked for this, or is of a kind that no plugin here makes |
 * | `PLUGIN_FAILED` | the code of a plugin failed |
 * | `BAD_RELAY` | a hop sends our datagrams to where they must not go |
 * | `REPLY_TOO_LONG` | a hop said more than it may before it carried us |
 * | `CLOSED_BY_PEER` | the peer closed the connection |
 * | `LOCAL_CLOSE` | the program closed a socket that the engine was holding |
 * | `CANCELLED` | another attempt won, or the start failed |
 * | `REJECTED` / `NEXT` | the program, or the operator, wanted another candidate |
 * | `EXHAUSTED` | every candidate of every allowed round failed |
 * | `BIND_CLASH` | two sockets of one configuration want the same place |
 * | `SIBLING_FAILED` | another socket of the server could not be bound, and `bind-policy all` wants all or none |
 * | `READY_SOCKET` | a socket that was given to this process cannot be used, or no listener wants it |
 * | `RESTARTED_TOO_OFTEN` | a listener had to be bound again too often |
 * | `LISTENER_LOST` / `PEER_RESTARTED` / `PING_RESTART` | a peer was lost: our socket is gone, it has started anew, it is silent |
 * | `ONE_SESSION` | a client was refused: a TCP peer has one session |
 * | `NOT_THE_PEER` | a client was refused: it is none of the peers that this one waits for |
 * | `MAX_CLIENTS` / `CONNECT_FREQ` / `SOURCE_FREQ` | a client was refused: too many, too fast, too fast from one place |
 * | `FD_BUDGET` | a client was refused: this process may open no more files |
 * | `MAX_PENDING` / `HAND_WINDOW` | a client was dropped: it had sent no byte |
 * | `GRACE` | a client was still there when the server's grace ended |
 * | `STOPPED` | stopped before it was done |
 * | `INTERNAL` | our own bug |
 */
export interface Failure {
  readonly code: string
  readonly stage: Stage
  readonly message: string
  /** Of a way with hops, the one that was dialled, or spoken to; the first is 1. */
  readonly hop?: number
}

export function failure(code: string, stage: Stage, message: string = sentenceOf(code)): Failure {
  return { code, stage, message }
}

/** What an attempt was at. */
export interface Spot {
  readonly stage: Stage
  readonly hop: number | null
}

export function failureAt(code: string, { stage, hop }: Spot, message?: string): Failure {
  const why = failure(code, stage, message)
  return hop === null ? why : { ...why, hop }
}

// The machine's own shortage, not the candidate's fault: the dialer tries again within the same attempt.
const SHORTAGES: ReadonlySet<string> = new Set(['EMFILE', 'ENFILE', 'ENOBUFS', 'ENOMEM'])
export const isShortage = (code: string): boolean => SHORTAGES.has(code)

// Of a datagram: the peer cannot be reached, whatever is sent.
const REFUSALS: ReadonlySet<string> = new Set(['ECONNREFUSED', 'EACCES', 'EHOSTUNREACH', 'ENETUNREACH'])
export const isRefusal = (code: string): boolean => REFUSALS.has(code)

const SENTENCES: ReadonlyMap<string, string> = new Map(
  Object.entries({
    ECONNREFUSED: 'connection refused: nobody listens there',
    ECONNRESET: 'the peer reset the connection',
    EPIPE: 'the peer has closed the connection',
    ETIMEDOUT: 'the system gave up waiting for the peer',
    EHOSTUNREACH: 'no route to the host',
    ENETUNREACH: 'no route to the network',
    EHOSTDOWN: 'the host is down',
    ENETDOWN: 'the network is down',
    EADDRINUSE: 'the local address or port is in use',
    EADDRNOTAVAIL: 'the local address is not one of this machine, or no local port is left',
    EAFNOSUPPORT: 'this machine has no support for the address family',
    EINVAL: 'the system refused the address (a zone or a family that does not fit)',
    EACCES: 'permission denied by this machine',
    EPERM: 'forbidden by this machine (a firewall rule, perhaps)',
    EMFILE: 'this process has too many open files',
    ENFILE: 'this machine has too many open files',
    ENOBUFS: 'this machine is out of network buffers',
    ENOMEM: 'this machine is out of memory',
    ENOTFOUND: 'the name does not exist',
    ENODATA: 'the name has no address',
    EAI_AGAIN: 'the name server did not answer, or had trouble of its own',
    ESERVFAIL: 'the name server failed',
    EREFUSED: 'the name server refused to answer',
    TIMEOUT: 'no answer before the deadline',
    RESOLVE_TIMEOUT: 'no answer from the resolver before the deadline',
    NO_ADDRESS: 'the name has no address of the wanted family',
    SELF_CONNECT: 'the socket was connected to itself: nobody listens there',
    REPLY_TOO_LONG: 'it said more than it may',
    BAD_REPLY: 'the peer answered with something else than the protocol asks for',
    CLOSED_BY_PEER: 'the peer closed the connection',
    LOCAL_CLOSE: 'the socket was closed by this program',
    REJECTED: 'the program rejected the connection',
    NEXT: 'the operator asked for the next candidate',
    STOPPED: 'stopped',
    SIBLING_FAILED: 'given up: another socket of this server could not be bound',
    LISTENER_LOST: 'the socket under it was closed',
    PEER_RESTARTED: 'the peer has started anew',
    PING_RESTART: 'nothing was heard of the peer for the time of ping-restart',
    ONE_SESSION: 'there is a session already, and a peer has one at a time',
    NOT_THE_PEER: 'it is none of the remotes of this peer',
    MAX_CLIENTS: 'there are as many clients as max-clients allows',
    CONNECT_FREQ: 'more new clients than connect-freq allows',
    SOURCE_FREQ: 'more new clients from this source than connect-freq-source allows',
    FD_BUDGET: 'this process may open no more files',
    MAX_PENDING: 'too many clients have sent nothing yet, and this was the oldest',
    HAND_WINDOW: 'it sent nothing within the hand-window',
    GRACE: 'it was still there when the grace had ended',
  }),
)

/** The sentence for a code; an unknown one speaks for itself. */
export function sentenceOf(code: string): string {
  return SENTENCES.get(code) ?? `the system said ${code}`
}
