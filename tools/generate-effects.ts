// Writes docs/postgres-effects.md from the code: `npm run docs`.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { EFFECTS_PAGE, effectsPage } from './effects-page.ts'

writeFileSync(join(import.meta.dirname, '..', EFFECTS_PAGE), effectsPage())
