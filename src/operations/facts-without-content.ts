import type { Facts } from './facts.ts'

/** Facts as they are kept and shown: what a request brings stands in the request, and not twice. */
export function factsWithoutContent(facts: Facts): Facts {
  if (facts.k8s === undefined && facts.tool === undefined) return facts
  const { object, patch, ...k8s } = facts.k8s ?? { verb: '' }
  const { arguments: _, ...tool } = facts.tool ?? { server: '', method: '' }
  return { ...facts, ...(facts.k8s && { k8s }), ...(facts.tool && { tool }) }
}

/** Whether facts may quote what a client wrote: an argument of a command, a path, the name of a tool. */
export const quotesClient = ({ k8s, http, model, tool, egress }: Facts): boolean => (k8s ?? http ?? model ?? tool ?? egress) !== undefined
