/** The known name that somebody most likely meant. */

/** `undefined` when none is near: more than a third of the letters differ. */
export function nearest(word: string, names: Iterable<string>): string | undefined {
  const limit = Math.max(1, Math.floor(word.length / 3))
  let best: string | undefined
  let least = limit + 1
  for (const name of names) {
    if (Math.abs(name.length - word.length) >= least) continue
    const distance = edits(word, name)
    if (distance < least) [best, least] = [name, distance]
  }
  return best
}

// Levenshtein's distance with neighbouring letters swapped as one edit (optimal string alignment), three rows at a time.
function edits(a: string, b: string): number {
  let before: number[] = []
  let above = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1]
      let cost = Math.min(cell(above, j) + 1, cell(row, j - 1) + 1, cell(above, j - 1) + (same ? 0 : 1))
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      if (swapped) cost = Math.min(cost, cell(before, j - 2) + 1)
      row.push(cost)
    }
    before = above
    above = row
  }
  return cell(above, b.length)
}

const cell = (row: readonly number[], index: number) => row[index] as number
