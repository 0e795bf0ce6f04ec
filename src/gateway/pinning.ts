import type { Finding, ToolOperator } from '../api/local/index.ts'
import type { Pins, ToolView } from '../pins/index.ts'
import { GatewayError } from './errors.ts'
import type { InForce } from './in-force.ts'
import type { Viewer } from './operator.ts'

/** What waits for somebody who looks at it, at one MCP server. */
export function pinFindings(toolPins: Pick<Pins, 'list'>, resource: string): readonly Finding[] {
  const tools = toolPins.list(resource)
  const count = (wanted: ToolView['standing']) => tools.filter(({ standing }) => standing === wanted).length
  const [changed, unpinned, pinned] = [count('changed'), count('unpinned'), count('pinned')]
  const subject = `tools of ${resource}`
  const next = `Look, and pin what is in order: gatescribe tools diff ${resource}.`
  if (changed > 0)
    return [
      {
        subject,
        level: 'warn',
        found: `${changed} are other ones now than those that were pinned, and refused; ${unpinned} are new`,
        next,
      },
    ]
  if (unpinned > 0) return [{ subject, level: 'warn', found: `${unpinned} are not pinned, and refused`, next }]
  return pinned > 0 ? [{ subject, level: 'ok', found: `${pinned} are pinned` }] : []
}

export interface PinningParts {
  readonly toolPins: Pins
  readonly inForce: InForce
}

/** Pins as one caller may see and change them. What a resource that is configured no more offered stays to be seen. */
export function toolOperator({ toolPins, inForce }: PinningParts, { name: by }: Viewer): ToolOperator {
  const known = (resource: string) => {
    const kind: string | undefined = inForce.taken.configured.http.get(resource)?.kind
    if (kind !== 'mcp' && toolPins.list(resource).length === 0) throw new GatewayError('GS_GATEWAY_NO_MCP_SERVER')
  }
  return {
    tools: async () => toolPins.list(),
    async toolsOf(resource, names) {
      known(resource)
      const { digest } = toolPins.pinnable(resource, names)
      const tools = toolPins.list(resource).filter(({ name }) => names.length === 0 || names.includes(name))
      return { tools, ...(digest !== undefined && { digest }) }
    },
    async pinTools(resource, names, digest) {
      known(resource)
      return toolPins.pin(resource, names, digest, by)
    },
    async unpinTools(resource, names) {
      known(resource)
      return toolPins.unpin(resource, names, by)
    },
  }
}
