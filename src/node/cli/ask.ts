/** Asks the system for the addresses of a name, for who needs no machine. */
import type { ResolverInput } from '../../actors.ts'
import { failure } from '../../failure.ts'
import type { Answer } from '../../round.ts'
import { askFor } from '../resolver.ts'

/** Settles within `timeout` ms. */
export type Ask = (query: Pick<ResolverInput, 'host' | 'families'>, timeout: number) => Promise<Answer>

/** Once `stop` is aborted, no answer comes any more: whoever stopped it waits for none. */
export function askUntil(stop: AbortSignal): Ask {
  return (query, timeout) =>
    new Promise((resolve) => {
      const cease = () => {
        clearTimeout(deadline)
        withdraw()
      }
      const end = (answer: Answer) => {
        cease()
        resolve(answer)
      }
      const withdraw = askFor(query, end)
      const deadline = setTimeout(() => end({ failure: failure('RESOLVE_TIMEOUT', 'resolve') }), timeout)
      stop.addEventListener('abort', cease, { once: true })
    })
}
