/** A configuration of which a test knows that it is a client's. */
import type { ClientConfig, Config } from '../../src/config/schema.ts'

export function asClient(config: Config | undefined): ClientConfig {
  if (config?.mode !== 'client') throw new Error("this is no client's configuration")
  return config
}
