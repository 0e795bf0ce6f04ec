import { createHash } from 'node:crypto'
import type { PinnedTool, ToolDefinition, ToolPins } from '../../src/operations/index.ts'

/**
 * Pins in memory, that pin what they see first: for tests that are about what a protocol makes of them.
 * @param refuses what they do not pin
 */
export function playedPins(
  refuses: (definition: ToolDefinition) => boolean = () => false,
): ToolPins & { readonly seen: Map<string, ToolDefinition> } {
  const seen = new Map<string, ToolDefinition>()
  const pinned = new Map<string, PinnedTool>()
  const digestOf = (definition: ToolDefinition) => `sha256:${createHash('sha256').update(JSON.stringify(definition)).digest('hex')}`
  return {
    seen,
    check: (_, tools) =>
      tools.map((definition) => {
        const { name } = definition
        const digest = digestOf(definition)
        seen.set(name, definition)
        const known = pinned.get(name)
        if (known && known.digest !== digest) pinned.set(name, { ...known, standing: 'changed' })
        else if (!known && !refuses(definition)) pinned.set(name, { name, digest, definition, standing: 'pinned' })
        return { name, digest, standing: pinned.get(name)?.standing ?? 'unpinned' }
      }),
    definition: (_, name) => pinned.get(name),
  }
}
