/** A server's configuration as text: its `<listen>` blocks, and what differs from the defaults. */
import type { Printed } from './print.ts'
import type { ServerConfig } from './server-schema.ts'

export function printServer(config: ServerConfig): Printed {
  const blocks = config.listen.flatMap(({ proto, host, port, family }) => [
    '<listen>',
    `  proto ${proto}`,
    ...(host === undefined ? [] : [`  local ${host}`]),
    `  port ${port}`,
    ...(family ? [`  ${family}`] : []),
    '</listen>',
  ])
  return { text: `${['mode server', ...blocks].join('\n')}\n`, handles: [] }
}
