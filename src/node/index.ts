/** What `sockchart/node` exports: connections on this machine's real sockets. */
export { nodeActors } from './actors.ts'
export { nodeClock } from './clock.ts'
export { ConfigError, ConnectError } from './connect-error.ts'
export { type ConnectOptions } from './client-root.ts'
export { connect } from './connect.ts'
export { type ClientConnection, type Connection, type TcpConnection, type UdpConnection } from './connection.ts'
export { Client, type ClientEvents, createClient } from './create-client.ts'
export { Peer, type PeerEvents, createPeer } from './create-peer.ts'
export { ChannelError, type DatagramChannel } from './datagram-channel.ts'
export { type Monitor, type NetworkListener, networkMonitor } from './monitor.ts'
export { type PeerOptions } from './peer-root.ts'
export { listen } from './listen.ts'
export { ListenError } from './listen-error.ts'
export {
  type ListenOptions,
  type Server,
  type ServerConnection,
  type ServerEvents,
  type ServerMessage,
} from './server.ts'
export { SOCKET_PLUGINS, createPlugins } from './plugins/socket-plugins.ts'
export { systemd } from './plugins/systemd.ts'
export { type LoadOptions, loadConfig } from './load-config.ts'
export { type LoadedConfig, loadConfigWithPlugins } from './load-plugins.ts'
