/** Signals, heard for as long as a command runs: once, because what comes between two hearings is lost. */
import type { Io } from './io.ts'
import { EXIT } from './io.ts'
import type { Suspendable } from './view.ts'

export type Signal = 'SIGINT' | 'SIGTERM' | 'SIGHUP' | 'SIGUSR1' | 'SIGTSTP' | 'SIGCONT'

/** Returns what ends the hearing. The second Ctrl-C ends the process at once. */
export function hearSignals(io: Io, listeners: Partial<Readonly<Record<Signal, () => void>>>): () => void {
  let interrupted = false
  const heard = Object.entries(listeners).map(([signal, listener]) => {
    const hear = () => {
      if (signal === 'SIGINT' && interrupted) return io.exit(EXIT.interrupted)
      interrupted ||= signal === 'SIGINT'
      listener()
    }
    io.signals.on(signal, hear)
    return () => void io.signals.off(signal, hear)
  })
  return () => {
    for (const stop of heard) stop()
  }
}

/** Ctrl-Z and `fg`: in between, the shell writes on the screen. */
export function jobControl(io: Io, view: () => Suspendable): Partial<Readonly<Record<Signal, () => void>>> {
  return {
    SIGTSTP: () => {
      view().suspend()
      io.stop()
    },
    SIGCONT: () => view().renew(),
  }
}
