import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    root: new URL('..', import.meta.url).pathname,
    include: ['test/**/*.test.ts'],
    testTimeout: 20_000,
    // One large schedule makes V8 take short-lived objects for long-lived ones (bench/README.md): the rest runs slower.
    execArgv: ['--no-allocation-site-pretenuring'],
    // By default one core is left free: of two, that is half of them.
    maxWorkers: '100%',
    coverage: {
      include: ['machines/**/*.ts', 'src/**/*.ts'],
      exclude: ['src/node/cli/**', 'test/**'],
      reporter: ['text-summary'],
      // What is pure can be shown whole: every line and branch of the core, the machines and the virtual twin.
      thresholds: {
        'machines/**': { 100: true },
        'src/*.ts': { 100: true },
        'src/config/**': { 100: true },
        'src/sim/**': { 100: true },
      },
    },
  },
})
