import { z } from 'zod'
import type { OfferedView, PinnedView, ToolView } from '../../../pins/index.ts'
import type { LocalApi } from '../local-api.ts'
import { pinToolsSchema, shownToolsSchema, toolParamsSchema, toolQuerySchema, toolSchema, unpinToolsSchema } from '../tool-schemas.ts'

/** What MCP servers offer, and what of it may be used. */
export function toolRoutes(api: LocalApi): void {
  const params = toolParamsSchema
  const response = { 200: z.array(toolSchema) }

  api.get('/v1/tools', { config: { permission: 'tools.read' }, schema: { response } }, async ({ operator }) =>
    (await operator.tools()).map(plainAnswer),
  )

  api.get(
    '/v1/tools/:resource',
    { config: { permission: 'tools.read' }, schema: { params, querystring: toolQuerySchema, response: { 200: shownToolsSchema } } },
    async ({ operator, params: { resource }, query }) => {
      const { tools, digest } = await operator.toolsOf(resource, query.tool)
      return { tools: tools.map(shownAnswer), ...(digest !== undefined && { digest }) }
    },
  )

  api.post(
    '/v1/tools/:resource/pin',
    { config: { permission: 'tools.pin' }, schema: { params, body: pinToolsSchema, response } },
    async ({ operator, params: { resource }, body }) => (await operator.pinTools(resource, body.tools, body.digest)).map(plainAnswer),
  )

  api.post(
    '/v1/tools/:resource/unpin',
    { config: { permission: 'tools.pin' }, schema: { params, body: unpinToolsSchema, response } },
    async ({ operator, params: { resource }, body }) => (await operator.unpinTools(resource, body.tools)).map(plainAnswer),
  )
}

const moment = <Offered extends OfferedView | PinnedView>({ at, ...rest }: Offered) => ({ ...rest, at: new Date(at).toISOString() })

function shownAnswer({ pinned, offered, ...tool }: ToolView) {
  return { ...tool, ...(pinned && { pinned: moment(pinned) }), ...(offered && { offered: moment(offered) }) }
}

/** Without definitions, which the schema leaves out. */
const plainAnswer = (tool: ToolView) => shownAnswer(tool)
