import { z } from 'zod'
import { type EgressHost, type ModelApi, PLANE_KINDS, type Resource } from '../operations/index.ts'
import type { MaskRule, Rule } from '../policy/index.ts'
import { buildLimits, buildRule } from './build.ts'
import { buildMasks } from './build-masks.ts'
import { egressHosts } from './build-resources.ts'
import type { LimitSettings } from './config.ts'
import { ConfigError } from './errors.ts'
import { document } from './schema/document.ts'
import { parseSource } from './source.ts'

/** What of a configuration decides, and nothing of how targets are reached. */
export interface RulesIn {
  readonly rules: readonly Rule[]
  readonly limits: LimitSettings
  readonly masks: readonly MaskRule[]
  readonly resources: readonly RuledResource[]
}

/** What of a resource rules and masks select by. */
export interface RuledResource {
  readonly name: string
  readonly kind: Resource['kind']
  readonly tags: readonly string[]
  /** Of what stands behind the https door, as rules know it, where that is known. */
  readonly host?: string
  /** The client's database name → the target's; of PostgreSQL. */
  readonly databases?: ReadonlyMap<string, string>
  /** Of a model: what its API speaks like. */
  readonly api?: ModelApi
  /** Where the proxy leads by it; names of others are for the doors. */
  readonly hosts?: readonly (string | EgressHost)[]
}

const { rules, limits, masks, masking } = document.shape
/** Of resources only what rules select by: in a recorded text, what was secret is not there any more. */
const deciding = z.object({
  rules,
  limits,
  masks,
  masking,
  resources: z.array(
    z.object({
      name: z.string(),
      kind: z.enum(PLANE_KINDS).default('postgres'),
      tags: z.array(z.string()).default([]),
      databases: z.record(z.string(), z.string()).default({}),
      api: z.enum(['openai', 'anthropic', 'azure-openai']).optional(),
      hosts: z.array(z.string()).optional(),
    }),
  ),
})

/**
 * The rules of a configuration that is at hand as text only: one that was recorded, or one that was judged elsewhere. Whether it could be
 * put into force is not asked; `loadConfig` does that.
 *
 * @throws ConfigError where the rules cannot be read
 */
export function rulesIn(text: string): RulesIn {
  const source = parseSource('the configuration', text)
  const parsed = deciding.safeParse(source.value)
  if (!parsed.success) {
    const message = 'Its rules cannot be read.'
    throw new ConfigError([source.problem({ code: 'GS_CONFIG_WRONG_VALUE', path: ['rules'], message })])
  }
  return {
    rules: parsed.data.rules.map(buildRule),
    limits: buildLimits(parsed.data.limits),
    masks: buildMasks(parsed.data),
    resources: parsed.data.resources.map(ruledResource),
  }
}

/** @param databases the client's name: the target's */
export function ruledResource({
  name,
  kind,
  tags = [],
  databases = {},
  api,
  hosts,
}: {
  readonly name: string
  readonly kind: Resource['kind']
  readonly tags?: readonly string[] | undefined
  readonly databases?: Readonly<Record<string, string>> | undefined
  readonly api?: ModelApi | undefined
  readonly hosts?: readonly string[] | undefined
}): RuledResource {
  return {
    ...{ name, kind, tags },
    ...(kind === 'postgres' && { databases: new Map(Object.entries(databases)) }),
    ...(api !== undefined && { api }),
    ...(kind === 'egress' && hosts && { hosts: egressHosts(hosts) }),
  }
}
