// Writes the table of docs/masks.md from the code: `npm run docs`.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { MASKS_PAGE, masksPage } from './masks-page.ts'

const path = join(import.meta.dirname, '..', MASKS_PAGE)
writeFileSync(path, masksPage(readFileSync(path, 'utf8')))
