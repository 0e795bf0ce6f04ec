import type { Config, HttpResourceConfig, LimitSettings, LoadedConfig, PostgresResourceConfig } from '../config/index.ts'
import { isBehindHttps } from '../operations/index.ts'
import { createPolicy, type ExplainingPolicy, type GlobalLimits } from '../policy/index.ts'
import { selectsResource } from '../policy/selectors.ts'
import { createResources, type Resources } from '../resources/index.ts'

/** What a configuration comes to, once it is taken. */
export interface Taken {
  readonly loaded: LoadedConfig
  readonly policy: ExplainingPolicy
  readonly resources: Resources
  /** With their credentials' references; for the connectors only. */
  readonly configured: {
    readonly postgres: ReadonlyMap<string, PostgresResourceConfig>
    readonly http: ReadonlyMap<string, HttpResourceConfig>
  }
}

/** The configuration in force. A reload replaces all of it at once. */
export class InForce {
  #taken: Taken

  constructor(loaded: LoadedConfig) {
    this.#taken = take(loaded)
  }

  get taken(): Taken {
    return this.#taken
  }

  get config(): Config {
    return this.#taken.loaded.config
  }

  /** Names of the resources that break-glass may be about. */
  breakable(): ReadonlySet<string> {
    const { breakGlass, resources } = this.config
    return new Set(breakGlass ? resources.filter((resource) => selectsResource(breakGlass, resource)).map(({ name }) => name) : [])
  }

  replace(taken: Taken): void {
    this.#taken = taken
  }
}

/** Builds what a configuration asks for, without putting it into force. @throws what the rooms throw */
export function take(loaded: LoadedConfig): Taken {
  const { resources, rules, limits, masks } = loaded.config
  return {
    loaded,
    policy: createPolicy(rules, globalLimits(limits), masks),
    resources: createResources(resources),
    configured: {
      postgres: byName(resources.filter((resource) => resource.kind === 'postgres')),
      http: byName(resources.filter(isBehindHttps)),
    },
  }
}

const byName = <Named extends { readonly name: string }>(all: readonly Named[]) => new Map(all.map((each) => [each.name, each]))

export const globalLimits = ({ statementBytes, resultRows }: LimitSettings): GlobalLimits => ({
  ...(statementBytes !== undefined && { statementBytes }),
  ...(resultRows !== undefined && { rows: resultRows }),
})
