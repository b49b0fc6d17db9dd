/** The life of a client. */
import { createClient } from '../create-client.ts'
import type { Arguments } from './arguments.ts'
import type { Io } from './io.ts'
import { KeeperLife, roundsOf } from './keeper-life.ts'
import type { Life } from './life.ts'
import type { ClientLoaded } from './load.ts'
import type { Paint } from './paint.ts'
import { clientTape } from './tape.ts'
import { clientView } from './view.ts'

export function clientLife(
  { config, vault, socketPlugins: plugins }: ClientLoaded,
  args: Arguments,
  io: Io,
  paint: Paint,
): Life {
  const { options } = args
  const { seed } = options
  const rounds = { connectRetryMax: roundsOf(config, options) }
  const keeper = createClient({ ...config, ...rounds }, { vault, plugins, ...(seed !== undefined && { seed }) })
  const view = clientView(io.stderr, paint, options)
  return new KeeperLife({ who: 'client', config, keeper, tape: clientTape(), view }, args, io, paint)
}
