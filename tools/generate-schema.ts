import { writeFileSync } from 'node:fs'
import { jsonSchema } from '../src/config/json-schema.ts'

// Writes the published JSON Schema of the configuration; a test fails where it is stale.
writeFileSync(new URL('../schema/gatescribe.schema.json', import.meta.url), jsonSchema())
