/** Where a part of a configuration looks for what it does not say itself: the nearest that says it counts. */
import type { Maybe } from './reader.ts'

export interface Layers<Settings> {
  readonly file: Settings
  readonly commandLine: Settings
  readonly blocks: readonly Settings[]
}

/** Nearest first: the command line comes after the file. */
export const globalsIn = <Settings>({ commandLine, file }: Layers<Settings>) => [commandLine, file] as const

export function first<Settings, Name extends keyof Settings>(
  layers: readonly Settings[],
  name: Name,
): Settings[Name] | undefined {
  return layers.find((layer) => layer[name] !== undefined)?.[name]
}

/** The port of the nearest layer that has one: of each layer the first of `names`. */
export function portIn<Name extends string>(
  layers: readonly { readonly [Key in Name]: Maybe<number> }[],
  ...names: readonly Name[]
): Maybe<number> {
  for (const layer of layers) {
    const name = names.find((name) => layer[name] !== undefined)
    if (name !== undefined) return layer[name]
  }
  return undefined
}
