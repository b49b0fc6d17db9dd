/** What a resolver returned, read: each address once, in its order, mapped ones as the IPv4 address they are. */
import { type Address, parseAddress, unmap } from './endpoint.ts'
import { type Failure, failure } from './failure.ts'
import { printable } from './printable.ts'

/** Addresses taken from one answer (go-libp2p's figure); the rest is dropped with one note. */
export const MAX_ADDRESSES = 25

/** Failures stand where something unusable stood; the last one tells of what was dropped. */
export function readAnswer(answer: readonly string[], host: string): readonly (Address | Failure)[] {
  const read: (Address | Failure)[] = []
  const seen = new Set<string>()
  let dropped = 0
  for (const text of answer) {
    const parsed = parseAddress(text)
    const address = parsed && (unmap(parsed) ?? parsed)
    const spelling = address?.address ?? text
    if (seen.has(spelling)) continue
    seen.add(spelling)
    if (seen.size > MAX_ADDRESSES) dropped++
    else read.push(address ?? failure('BAD_ADDRESS', 'plan', badAnswer(text)))
  }
  if (dropped === 0) return read
  const message = `${dropped} more addresses of ${host} were dropped: ${MAX_ADDRESSES} are used at most`
  return [...read, failure('TOO_MANY_ADDRESSES', 'plan', message)]
}

// What a resolver said is not ours to trust: printable characters only, and not many of them.
const badAnswer = (text: string) =>
  `the resolver answered with something that is no address: "${printable(text.slice(0, 64))}"`
