// Writes docs/postgres-effects.md, docs/kubernetes-effects.md and docs/http-effects.md from the code: `npm run docs`.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { effectsPages } from './effects-page.ts'

for (const [page, text] of effectsPages()) writeFileSync(join(import.meta.dirname, '..', page), text)
