import type { Finding, Path } from './source.ts'

/** A field or value of the design that nothing enforces yet. `[]` stands for any index. */
interface Unsupported {
  readonly at: string
  readonly what: string
  /** Only these values; absent: the field as such. */
  readonly when?: (value: unknown) => boolean
  /** How many steps above the field everything else is left unjudged, because it belongs to what is refused. Default 0: the field only. */
  readonly hides?: number
}

const unsupported: readonly Unsupported[] = [
  { at: 'gateway.durability', what: 'durability in PostgreSQL', when: (value) => value === 'postgres' },
  { at: 'limits.idle', what: 'a limit of idle time' },
  { at: 'limits.session', what: 'a limit of the length of sessions' },
  { at: 'config', what: 'signed changes of the configuration' },
]

/** What is refused by name, and the parts of the tree that nothing else needs to be said of. */
export interface UnsupportedParts {
  readonly findings: readonly Finding[]
  readonly hidden: readonly Path[]
}

/** @param value the file's content, not yet judged by any schema */
export function findUnsupported(value: unknown): UnsupportedParts {
  const findings: Finding[] = []
  const hidden: Path[] = []
  for (const { at, what, when = () => true, hides = 0 } of unsupported) {
    for (const [path, found] of matches(value, steps(at))) {
      if (!when(found)) continue
      findings.push({
        code: 'GS_CONFIG_NOT_SUPPORTED',
        path,
        at: 'key',
        message: `Not enforced by this version, so not accepted: ${what}.`,
        next: nextFor(at),
      })
      hidden.push(path.slice(0, path.length - hides))
    }
  }
  return { findings, hidden }
}

function nextFor(at: string): string {
  if (at === 'gateway.durability') return 'Write durability: disk, or leave it out.'
  return 'Remove it.'
}

const steps = (at: string) => at.split('.').flatMap((part) => (part.endsWith('[]') ? [part.slice(0, -2), '[]'] : [part]))

/** Every place that the pattern names, with what stands there. */
function matches(value: unknown, pattern: readonly string[], path: Path = []): readonly (readonly [Path, unknown])[] {
  const [step, ...rest] = pattern
  if (step === undefined) return [[path, value]]
  if (step === '[]') return Array.isArray(value) ? value.flatMap((item, index) => matches(item, rest, [...path, index])) : []
  if (value === null || typeof value !== 'object' || !Object.hasOwn(value, step)) return []
  return matches((value as Readonly<Record<string, unknown>>)[step], rest, [...path, step])
}
