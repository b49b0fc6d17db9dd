import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    root: new URL('..', import.meta.url).pathname,
    include: ['test/**/*.test.ts'],
    testTimeout: 20_000,
    coverage: {
      include: ['machines/**/*.ts', 'src/**/*.ts'],
      exclude: ['src/node/cli/**'],
      reporter: ['text-summary'],
    },
  },
})
