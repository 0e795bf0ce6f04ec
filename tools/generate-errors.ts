// Writes docs/errors.md from the code: `npm run docs`.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ERRORS_PAGE, errorCatalogues, errorsPage } from './errors-page.ts'

const page = errorsPage(await errorCatalogues())
writeFileSync(join(import.meta.dirname, '..', ERRORS_PAGE), page)
