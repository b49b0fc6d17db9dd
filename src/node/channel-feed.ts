/** What a path to a peer becomes in the user's hands: a `DatagramChannel` over a socket that others may share. */
import { failure } from '../failure.ts'
import type { Carrier, Feed } from '../path.ts'
import { datagramChannel } from './datagram-channel.ts'

export function channelFeed(carrier: Carrier): Feed {
  const { local, close } = carrier
  const { channel, deliver, drop, end } = datagramChannel({
    local,
    get remote() {
      return carrier.remote
    },
    send: (bytes, sent) => {
      const isOpen = carrier.send(bytes, sent)
      // A refusal comes first.
      setImmediate(() => sent(isOpen ? undefined : failure('LISTENER_LOST', 'connected')))
    },
    close,
  })
  return { handle: channel, deliver, drop, end }
}
