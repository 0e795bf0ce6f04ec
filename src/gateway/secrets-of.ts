import type { Config } from '../config/index.ts'

/** The names of the sealed secrets that a configuration refers to. */
export function secretsOf(config: Config): ReadonlySet<string> {
  const names = new Set<string>()
  const visit = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return
    const { from, name } = value as { from?: unknown; name?: unknown }
    if (from === 'secret' && typeof name === 'string') names.add(name)
    for (const part of value instanceof Map ? value.values() : Object.values(value)) visit(part)
  }
  visit(config)
  return names
}
