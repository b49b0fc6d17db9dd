/** What is between two peers: what becomes of their packets on the way, and under which addresses they are seen. */
import { z } from 'zod'
import { choice, isObject, table } from './choice.ts'
import { endpointProblem } from './place.ts'
import { LIMITS, Ms } from './world-script.ts'

export const PEERS = ['a', 'b'] as const
export const PeerName = z.enum(PEERS)
export type PeerName = z.output<typeof PeerName>

/** One way. */
const Link = z.strictObject({
  from: PeerName,
  /** Both, by default. */
  family: z.enum(['ipv4', 'ipv6']).optional(),
  latencyMs: Ms.default(5),
  /** Nothing arrives. TCP tries again until it does. */
  dead: z.boolean().default(false),
  /** Which datagrams are lost (1), one after the other and from the start again; TCP knows how to help itself. */
  lose: z
    .array(z.union([z.literal(0), z.literal(1)]))
    .max(LIMITS.pattern)
    .default([]),
})
export type Link = z.output<typeof Link>

/** A later one counts; what none speaks of takes 5 ms. */
export const Links = z.array(Link).max(LIMITS.links)
export type Links = z.output<typeof Links>

const Outer = z.string().check((context) => {
  const message = endpointProblem(context.value)
  if (message !== undefined) context.issues.push({ code: 'custom', message, input: context.value })
})

const Mappings = table(Outer, LIMITS.mappings, endpointProblem)
const NAT = 'mappings are written { "198.51.100.1:1194": "192.0.2.7:40000" }, of a peer without a NAT { }'

/**
 * By peer: the endpoint from which it sends, and the one that others see, which is where it is reached then, by
 * anybody, and nowhere else.
 */
export const Nat = z.partialRecord(
  PeerName,
  choice((value) => (isObject(value) ? Mappings : NAT)),
)
export type Nat = z.output<typeof Nat>
