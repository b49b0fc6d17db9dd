/**
 * A server's configuration as text: what differs from the defaults, and what is listened on. A line each where all
 * blocks force the same family, or none; otherwise each gets a `<listen>` block.
 */
import type { Printed } from './print.ts'
import type { Listen, Rate, ServerConfig } from './server-schema.ts'
import { block, linesThatDiffer, seconds, word } from './written.ts'

export function printServer(config: ServerConfig): Printed {
  const [first] = config.listen
  const family = first?.family
  const isShared = config.listen.every((other) => other.family === family)
  const listens = config.listen.flatMap((listen) =>
    isShared ? [localLine(listen)] : block('listen', [localLine(listen), ...familyLine(listen.family)]),
  )
  const lines = ['mode server', ...globalLines(config), ...(isShared ? familyLine(family) : []), ...listens]
  return { text: `${lines.join('\n')}\n`, handles: [] }
}

const localLine = ({ host, port, proto }: Listen) => `local ${host === undefined ? '*' : word(host)} ${port} ${proto}`
const familyLine = (family: Listen['family']) => (family ? [family] : [])

/** What differs from the defaults of the schema. */
function globalLines(config: ServerConfig): readonly string[] {
  const { bindPolicy, resolveTimeout, maxClients, maxPending, handWindow = 0, connectFreq, sourceFreq } = config
  return linesThatDiffer([
    [bindPolicy !== 'all', `bind-policy ${bindPolicy}`],
    [config.multihome, 'multihome'],
    [resolveTimeout !== 5_000, `resolve-timeout ${seconds(resolveTimeout)}`],
    [maxClients !== 1024, `max-clients ${maxClients}`],
    [maxPending !== undefined, `max-pending ${maxPending}`],
    [handWindow > 0, `hand-window ${seconds(handWindow)}`],
    [connectFreq !== undefined, `connect-freq ${rate(connectFreq)}`],
    [sourceFreq !== undefined, `connect-freq-source ${rate(sourceFreq)}`],
    [config.amplificationLimit, 'amplification-limit'],
  ])
}

const rate = ({ count, window }: Rate = { count: 1, window: 0 }) => `${count} ${seconds(window)}`
