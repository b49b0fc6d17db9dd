const collect = globalThis.gc ?? (() => {})

/** CPU microseconds of this process, of all its threads, for each of `n` runs one after the other. */
export async function cpuEach(n: number, run: () => Promise<void> | void): Promise<number> {
  // What others left behind is not collected at our expense.
  collect()
  const before = process.cpuUsage()
  for (let i = 0; i < n; i++) await run()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / n
}
