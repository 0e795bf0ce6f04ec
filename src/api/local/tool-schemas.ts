import { z } from 'zod'
import type { ToolDefinition } from '../../operations/index.ts'

/** The language of schemas.ts for tools of MCP servers. Times are RFC 3339. */

export const toolParamsSchema = z.object({ resource: z.string().min(1).max(64) })
const names = z.array(z.string().min(1).max(128)).max(300)
/** Query of `GET /v1/tools/:resource`: one tool, several, or all. */
export const toolQuerySchema = z.strictObject({
  tool: z.union([z.string().transform((name) => [name]), names]).default([]),
})
/** Body of `POST /v1/tools/:resource/pin`. */
export const pinToolsSchema = z.strictObject({ tools: names.default([]), digest: z.string().max(128) })
/** Body of `POST /v1/tools/:resource/unpin`. */
export const unpinToolsSchema = z.strictObject({ tools: names.min(1) })

const offered = z.object({ digest: z.string(), at: z.string() })
const standing = { resource: z.string(), name: z.string(), standing: z.enum(['unpinned', 'changed', 'pinned']) }
export const toolSchema = z.object({ ...standing, pinned: offered.extend({ by: z.string() }).optional(), offered: offered.optional() })

const definition = z.custom<ToolDefinition>((value) => typeof value === 'object' && value !== null && 'name' in value)
export const shownToolSchema = z.object({
  ...standing,
  pinned: offered.extend({ by: z.string(), definition }).optional(),
  offered: offered.extend({ definition }).optional(),
})
export const shownToolsSchema = z.object({ tools: z.array(shownToolSchema), digest: z.string().optional() })

export type ToolAnswer = z.output<typeof toolSchema>
export type ShownToolAnswer = z.output<typeof shownToolSchema>
export type ShownToolsAnswer = z.output<typeof shownToolsSchema>
