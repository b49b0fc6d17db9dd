/**
 * Ways over hops on the virtual network. What the hops say is scripted (`says` of a peer), so nobody checks a login: each
 * handle opens a stand-in for one, and hashes are no more than numbers that look like some.
 */
import { KNOWN_MAKERS } from '../plugins/known.ts'
import type { Tools } from '../plugins/negotiator.ts'
import type { Failure } from '../failure.ts'
import { hash } from '../seed.ts'
import { type HopMeans, noSuchHop } from '../tunnel.ts'
import { utf8 } from '../utf8.ts'
import type { HeapClock } from './clock.ts'
import type { VirtualHandle } from './wire.ts'

export function virtualHops(world: () => { readonly clock: HeapClock }): HopMeans {
  return {
    negotiatorFor: (stop) => {
      const { kind } = stop.hop
      const tools = toolsAt(world().clock)
      const open = (handle: string) => utf8(`${handle}\nsecret`)
      return KNOWN_MAKERS.get(kind)?.negotiator({ ...stop, open, tools }) ?? noSuchHop(stop.hop)
    },
    feedFor: ({ local, remote, close }) => {
      const messages: Uint8Array[] = []
      let failed: Failure | undefined
      const handle: VirtualHandle = {
        local,
        remote,
        messages,
        get failure() {
          return failed
        },
        close,
      }
      return { handle, deliver: (bytes) => void messages.push(bytes), end: (cause) => void (failed ??= cause) }
    },
  }
}

const LENGTHS = { md4: 16, md5: 16, sha256: 32 } as const

function toolsAt(clock: HeapClock): Tools {
  const digest = (algorithm: keyof typeof LENGTHS, ...parts: readonly Uint8Array[]) => {
    const text = parts.map((bytes) => bytes.join()).join(' ')
    return Uint8Array.from({ length: LENGTHS[algorithm] }, (_, i) => hash(0, `${algorithm} ${text}`, i) & 255)
  }
  let drawn = 0
  return {
    hash: (algorithm, bytes) => digest(algorithm, bytes),
    hmac: (algorithm, key, bytes) => digest(algorithm, key, bytes),
    random: (length) => Uint8Array.from({ length }, () => hash(0, 'random', drawn++) & 255),
    wall: () => clock.now(),
  }
}
