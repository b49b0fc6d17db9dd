/** What `sockchart/machines` exports: the statecharts, for XState users who bring actors of their own. */
export { type ClientInput, type ClientOutput, clientLogic, clientMachine, ledgerOf } from './client.ts'
export { type DialActors, type DialInput, type DialOutput, dialMachine } from './dial.ts'
export { type ListenActors, listenMachine } from './listen.ts'
export { type PeerActors, type PeerInput, type PeerOutput, peerLedgerOf, peerLogic, peerMachine } from './peer.ts'
export { type ServerInput, type ServerOutput, serverLogic, serverMachine } from './server.ts'
