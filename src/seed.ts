/**
 * All chance in the engine: `hash(seed, label, n)`, stateless, so that an added draw never shifts another one. Each use
 * has its own label. The seed comes in from outside (the Node ring draws and reports it).
 */

/** 32 bits from a seed, a label and a number (FNV-1a over all three, finished with murmur3's mixer). */
export function hash(seed: number, label: string, n: number): number {
  let h = 0x811c9dc5 ^ seed
  for (let i = 0; i < label.length; i++) h = Math.imul(h ^ label.charCodeAt(i), 0x01000193)
  h = Math.imul(h ^ n, 0x01000193)
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}

/** A fraction in [0, 1). */
export const fraction = (seed: number, label: string, n: number): number => hash(seed, label, n) / 2 ** 32

/** Fisher-Yates with draws from the seed; the input is left alone. */
export function shuffle<T>(items: readonly T[], seed: number, label: string): T[] {
  const out = [...items]
  for (let i = out.length - 1; i > 0; i--) {
    const j = Math.floor(fraction(seed, label, i) * (i + 1))
    const moved = out[i] as T
    out[i] = out[j] as T
    out[j] = moved
  }
  return out
}
