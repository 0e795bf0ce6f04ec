import { defineConfig } from 'vitest/config'

export default defineConfig({ test: { include: ['test/postgres/regress/**/*.test.ts'], pool: 'forks' } })
