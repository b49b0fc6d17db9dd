/** One run of a configuration, from its start to its end: what `run` asks of a client's, a server's and a peer's alike. */
import type { Style } from './paint.ts'
import type { Suspendable } from './view.ts'

/** Why it ended that did not give up. */
export type Ending = 'interrupted' | 'stopped' | 'restart' | 'done' | 'broken'

/** How it went, in a sentence. */
export type Verdict = readonly [text: string, style?: Style]

export interface Life {
  readonly view: Suspendable
  /** A sentence for a person; programs are spared it. */
  readonly say: (sentence: string) => void
  /** ms since its start. */
  readonly age: number
  /** It was told to end for good. */
  readonly isStopping: boolean
  /** Asks it to end. Who is already starting over can still be interrupted. */
  end(ending: Ending): void
  /** SIGUSR1. */
  next(): void
  /** Settles when it has ended. */
  ended(): Promise<Ending | undefined>
  /** The result for a program; for a person what there was, and how it ended. */
  report(): void
  /** The exit code. */
  code(): number
}
