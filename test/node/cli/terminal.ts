/** A terminal, as much of it as the live view uses: line breaks, carriage returns, cursor up, erase below. */
import { stripVTControlCharacters } from 'node:util'

/** The rows of the screen and its scrollback after `text`; a line that is too long goes on in the next row. */
export function rowsAfter(text: string, columns: number): string[] {
  const rows = ['']
  let row = 0
  // eslint-disable-next-line no-control-regex -- the escapes are what is read
  for (const [part] of text.matchAll(/\u001B\[\d*[A-Z]|\n|\r|(?:(?!\u001B\[\d*[A-Z])[^\n\r])+/g)) {
    // eslint-disable-next-line no-control-regex -- as above
    const [, count, command] = /^\u001B\[(\d*)([A-Z])$/.exec(part) ?? []
    if (part === '\n') rows[++row] ??= ''
    else if (command === 'A') row -= Number(count)
    else if (command === 'J') rows.splice(row, Infinity, '')
    else if (part !== '\r') {
      const plain = stripVTControlCharacters(part)
      for (let at = 0; at < plain.length; at += columns) {
        if (at > 0) row++
        rows[row] = plain.slice(at, at + columns)
      }
    }
    if (row < 0) throw new Error('the cursor left the top of the screen')
  }
  return rows
}
