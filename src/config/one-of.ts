/** One of a few words, or what was expected instead. */
import { alternatives } from './alternatives.ts'
import type { Reading } from './issue.ts'
import { nearest } from './nearest.ts'

export function oneOf<const Word extends string>(words: readonly Word[], text: string): Reading<Word> {
  const word = words.find((candidate) => candidate === text)
  if (word !== undefined) return { value: word }
  const near = nearest(text, words)
  const hint = near === undefined ? undefined : `did you mean "${near}"?`
  return { message: `expected ${alternatives(words)}, not "${text}"`, hint }
}
