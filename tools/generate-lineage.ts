// Writes docs/lineage.md from the code: `npm run docs`.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { LINEAGE_PAGE, lineagePage } from './lineage-page.ts'

writeFileSync(join(import.meta.dirname, '..', LINEAGE_PAGE), lineagePage())
