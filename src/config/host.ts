/** Hosts in a configuration's data: what may be looked up, dialled or bound. */
import { z } from 'zod'
import { hostProblem, parseAddress, unmap } from '../endpoint.ts'

/** A name or a literal address, judged before any call to the system. */
export const Host = z.string().check((context) => {
  const problem = hostProblem(context.value)
  if (problem !== undefined) context.issues.push({ code: 'custom', message: problem, input: context.value })
})

/** `::ffff:198.51.100.1` is the IPv4 address in it: no socket of ours takes the mapped form. */
export function unmapped(host: string): string {
  const parsed = parseAddress(host)
  return (parsed && unmap(parsed))?.address ?? host
}

/** A host to bind. */
export const LocalHost = Host.check((context) => {
  if (unmapped(context.value) === context.value) return
  const message = `a mapped address cannot be bound; the IPv4 address in it is ${unmapped(context.value)}`
  context.issues.push({ code: 'custom', message, params: { code: 'R1' }, input: context.value })
})
