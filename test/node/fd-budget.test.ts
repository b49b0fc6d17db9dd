import { readdirSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { descriptorBudget, descriptorLimit, openDescriptors } from '../../src/node/fd-budget.ts'

const fails = () => {
  throw new Error('ENOENT')
}

describe('descriptorLimit', () => {
  it('is the soft limit of this process', () => {
    const text = 'Limit                     Soft Limit           Hard Limit           Units\n'
    expect(
      descriptorLimit(() => `${text}Max open files            1024                 4096                 files\n`),
    ).toBe(1024)
    expect(descriptorLimit()).toBeGreaterThan(64)
  })

  it('is a known one where none can be read, or there is none', () => {
    expect(descriptorLimit(fails)).toBe(10_240)
    expect(descriptorLimit(() => 'Max open files            unlimited            unlimited            files\n')).toBe(
      10_240,
    )
  })
})

describe('openDescriptors', () => {
  it('counts what is open', () => {
    const listed = readdirSync('/dev/fd').length
    expect(Math.abs(openDescriptors() - listed)).toBeLessThan(3)
  })

  it("counts Node's own where the system lists none", () => {
    expect(openDescriptors(fails)).toBe(process.getActiveResourcesInfo().length)
  })
})

describe('descriptorBudget', () => {
  /** A machine whose clients stay, with `spare` descriptors at the start. */
  function machine(spare: number) {
    const state = { spare, looks: 0, now: 0 }
    const mayStay = descriptorBudget(
      () => (state.looks++, state.spare),
      () => state.now,
    )
    const arrive = (n: number) => {
      let stayed = 0
      for (let i = 0; i < n; i++)
        if (mayStay()) {
          state.spare--
          stayed++
        }
      return stayed
    }
    return { state, arrive }
  }

  it.each([0, 1, 2, 63, 64, 65, 1000, 20_000])(
    'V5 of %i descriptors to spare, never one more is given out',
    (spare) => {
      const { state, arrive } = machine(spare)
      let stayed = 0
      for (; state.now < 2000; state.now += 100) stayed += arrive(30_000)
      expect(stayed).toBe(spare)
    },
  )

  it('looks seldom: a walk over all descriptors is not made for each client', () => {
    const { state, arrive } = machine(20_000)
    expect(arrive(19_000)).toBe(19_000)
    expect(state.looks).toBeLessThan(10)
    arrive(1_000_000)
    expect(state.looks).toBeLessThan(20)
  })

  it('sees what others opened and closed at its next look', () => {
    const { state, arrive } = machine(100)
    expect(arrive(40)).toBe(40)
    state.spare = 0
    expect(arrive(100)).toBe(10)
    state.spare = 1000
    expect(arrive(10)).toBe(0)
    state.now = 100
    expect(arrive(500)).toBe(500)
  })
})
