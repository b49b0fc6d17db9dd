#!/usr/bin/env node
/** The program `sockchart`. */
import { leave, processIo } from './io.ts'
import { sockchart } from './sockchart.ts'

const io = processIo()
await leave(io, await sockchart(process.argv.slice(2), io))
