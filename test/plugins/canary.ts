/** Whether a secret shows in a text, in any form in which bytes are written down. */
export function leaks(text: string, secret: string): boolean {
  const bytes = Buffer.from(secret)
  // Of base64 the middle is the same wherever it begins, for one of three alignments.
  const base64 = [0, 1, 2].map((pad) =>
    Buffer.concat([Buffer.alloc(pad), bytes])
      .toString('base64')
      .slice(4, -4),
  )
  const url = base64.map((form) => form.replaceAll('+', '-').replaceAll('/', '_'))
  const hex = bytes.toString('hex')
  const percent = hex.replace(/../g, '%$&')
  const escaped = hex.replace(/../g, '\\x$&')
  const seen = text.toLowerCase()
  return [secret, hex, percent, escaped, ...base64, ...url].some((form) => seen.includes(form.toLowerCase()))
}
