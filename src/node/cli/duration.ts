/** Times for people. */

/** `12 ms`, `1.25 s`, `4 min 10 s`; from whole ms. */
export function formatMs(ms: number): string {
  if (ms < 1000) return `${ms} ms`
  if (ms < 60_000) return `${trim((ms / 1000).toFixed(2))} s`
  const seconds = Math.round(ms / 1000)
  const [minutes, rest] = [Math.floor(seconds / 60), seconds % 60]
  return rest === 0 ? `${minutes} min` : `${minutes} min ${rest} s`
}

const trim = (decimal: string) => decimal.replace(/\.?0+$/, '')
