/** The ready sockets of all plugins of one server, asked in the order of the plugins, as if they were one plugin's. */
import type { Failure } from '../failure.ts'
import type { ReadySockets, SocketPlugin } from '../plugins/plugin.ts'

/** `undefined`: none of them serves binders. A failure: of the first that has one. */
export function readySocketsOf(plugins: readonly SocketPlugin[]): ReadySockets | Failure | undefined {
  const all: ReadySockets[] = []
  for (const plugin of plugins) {
    const ready = plugin.ready?.()
    if (ready && 'code' in ready) return ready
    if (ready) all.push(ready)
  }
  return all.length > 0 ? together(all) : undefined
}

function together(all: readonly ReadySockets[]): ReadySockets {
  const first = <Answer>(ask: (one: ReadySockets) => Answer | undefined): Answer | undefined => {
    for (const one of all) {
      const answer = ask(one)
      if (answer !== undefined) return answer
    }
    return undefined
  }
  return {
    take: (request) => first((one) => one.take(request)),
    explain: (request, why) => first((one) => one.explain(request, why)),
    leftOver: () => first((one) => one.leftOver()),
  }
}
