/** `npm start` runs the demo, `npm start -- FILE` runs a file. */
import { leave, processIo } from './io.ts'
import { sockchart } from './sockchart.ts'

const io = processIo()
const argv = process.argv.slice(2)
await leave(io, await sockchart(argv.length === 0 ? ['demo'] : ['run', ...argv], io))
