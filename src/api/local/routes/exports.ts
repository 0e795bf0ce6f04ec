import { z } from 'zod'
import type { ExportState } from '../../../exports/index.ts'
import {
  exportDoneSchema,
  exportParamsSchema,
  exportSchema,
  exportTestedSchema,
  rewindExportSchema,
  skipExportSchema,
} from '../export-schemas.ts'
import type { LocalApi } from '../local-api.ts'

/** Who gets the log, and how far each has come. */
export function exportRoutes(api: LocalApi): void {
  const read = { permission: 'exports.read' } as const
  const write = { permission: 'exports.write' } as const
  const params = exportParamsSchema

  api.get('/v1/exports', { config: read, schema: { response: { 200: z.array(exportSchema) } } }, async ({ operator }) =>
    operator.exports().map(answer),
  )

  api.post(
    '/v1/exports/:name/test',
    { config: write, schema: { params, response: { 200: exportTestedSchema } } },
    async ({ operator, params: { name } }) => operator.testExport(name),
  )

  api.post(
    '/v1/exports/:name/rewind',
    { config: write, schema: { params, body: rewindExportSchema, response: { 200: exportDoneSchema } } },
    async ({ operator, params: { name }, body: { to } }) => {
      await operator.rewindExport(name, to)
      return { export: name }
    },
  )

  api.post(
    '/v1/exports/:name/skip',
    { config: write, schema: { params, body: skipExportSchema, response: { 200: exportDoneSchema } } },
    async ({ operator, params: { name }, body: { entry } }) => {
      await operator.skipExport(name, entry)
      return { export: name }
    },
  )
}

function answer({ lastError, deliveredAt, ...state }: ExportState) {
  return {
    ...state,
    ...(lastError && { lastError: { ...lastError, at: moment(lastError.at) } }),
    ...(deliveredAt !== undefined && { deliveredAt: moment(deliveredAt) }),
  }
}

const moment = (at: number) => new Date(at).toISOString()
