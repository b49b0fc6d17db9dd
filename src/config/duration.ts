/** Durations in a configuration's data: whole ms, as long as a timer can be. */
import { z } from 'zod'

export const ms = (min: number) => z.int().min(min).max(2_147_483_647)
