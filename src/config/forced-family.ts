/** Rule R1: the address family that one scope forces. */
import type { Family } from '../endpoint.ts'
import type { Place } from './issue.ts'
import type { At, Maybe, Reader } from './reader.ts'

/** `more`: what forces one besides the words `ipv4` and `ipv6`. Two that differ are an error; the first counts. */
export function forcedFamily(reader: Reader, ...more: readonly Maybe<Family>[]): Maybe<Family> {
  const words = (['ipv4', 'ipv6'] as const).map((value): Maybe<Family> => {
    const entry = reader.entry(value)
    return entry && { value, at: entry.at }
  })
  const [first, ...others] = [...words, ...more].filter((family) => family !== undefined)
  const other = others.find(({ value }) => value !== first?.value)
  if (first && other) {
    const message = `${first.value} and ${other.value} are both forced here`
    const hint = 'keep one of them; with neither, both families are used'
    reader.report('error', later(first, other).at, { code: 'R1', message, hint })
  }
  return first
}

const later = (a: At<Family>, b: At<Family>) => (isBehind(b.at, a.at) ? b : a)
const isBehind = (a: Place, b: Place) => a.line > b.line || (a.line === b.line && a.column > b.column)
