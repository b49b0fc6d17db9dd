/** A terminal, as much of it as the live view uses: line breaks, carriage returns, cursor up, erase below. */
import { stripVTControlCharacters } from 'node:util'

/**
 * The rows of the screen and its scrollback after `text`, without blanks at their ends. A line that is too long goes on
 * in the next row, once there is more of it: behind the last column the cursor waits.
 */
export function rowsAfter(text: string, columns: number): string[] {
  const rows = ['']
  let [row, column] = [0, 0]
  const down = () => {
    rows[++row] ??= ''
    column = 0
  }
  const write = (plain: string) => {
    for (let rest = plain; rest !== '';) {
      if (column === columns) down()
      const part = rest.slice(0, columns - column)
      const line = (rows[row] ?? '').padEnd(column)
      rows[row] = line.slice(0, column) + part + line.slice(column + part.length)
      column += part.length
      rest = rest.slice(part.length)
    }
  }
  // eslint-disable-next-line no-control-regex -- the escapes are what is read
  for (const [part] of text.matchAll(/\u001B\[\d*[A-Z]|\n|\r|(?:(?!\u001B\[\d*[A-Z])[^\n\r])+/g)) {
    // eslint-disable-next-line no-control-regex -- as above
    const [, count, command] = /^\u001B\[(\d*)([A-Z])$/.exec(part) ?? []
    if (part === '\n') down()
    else if (part === '\r') column = 0
    else if (command === 'A') row -= Number(count)
    else if (command === 'J') rows.splice(row, Infinity, (rows[row] ?? '').slice(0, column))
    else write(stripVTControlCharacters(part))
    if (row < 0) throw new Error('the cursor left the top of the screen')
  }
  return rows.map((line) => line.trimEnd())
}
