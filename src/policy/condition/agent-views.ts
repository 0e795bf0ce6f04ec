import type { EgressFacts, Facts, ModelFacts, ToolFacts } from '../../operations/index.ts'
import { type JsonValue, jsonValue } from './json-value.ts'
import { known } from './unknown-fact.ts'
import { actionsOf, classesOf } from './views.ts'

/** What conditions see of a request to a model; see views.ts. */
export class ModelView {
  readonly #facts: Facts

  constructor(facts: Facts) {
    this.#facts = facts
  }

  get actions(): readonly string[] {
    return actionsOf(this.#facts)
  }

  get classes(): readonly string[] {
    return classesOf(this.#facts)
  }

  get provider(): string {
    return this.#known('provider')
  }

  get endpoint(): string {
    return this.#known('endpoint')
  }

  get model(): string {
    return this.#known('model')
  }

  get tools(): readonly string[] {
    return this.#known('tools')
  }

  get stream(): boolean {
    return this.#known('stream')
  }

  get estimatedTokens(): bigint {
    return BigInt(this.#known('estimatedTokens'))
  }

  get maxTokens(): bigint {
    return BigInt(this.#known('maxTokens'))
  }

  get toolCalls(): readonly string[] {
    return this.#known('toolCalls')
  }

  #known<Name extends keyof ModelFacts>(name: Name): NonNullable<ModelFacts[Name]> {
    return known('model', this.#facts.model, name)
  }
}

/** What conditions see of a message of MCP. */
export class ToolView {
  readonly #facts: Facts
  #arguments: JsonValue | undefined

  constructor(facts: Facts) {
    this.#facts = facts
  }

  get actions(): readonly string[] {
    return actionsOf(this.#facts)
  }

  get classes(): readonly string[] {
    return classesOf(this.#facts)
  }

  get server(): string {
    return this.#known('server')
  }

  get method(): string {
    return this.#known('method')
  }

  get name(): string {
    return this.#known('name')
  }

  get arguments(): JsonValue {
    this.#arguments ??= jsonValue(this.#known('arguments'))
    return this.#arguments
  }

  get uri(): string {
    return this.#known('uri')
  }

  #known<Name extends keyof ToolFacts>(name: Name): NonNullable<ToolFacts[Name]> {
    return known('tool', this.#facts.tool, name)
  }
}

/** What conditions see of a connection through the forward proxy. */
export class EgressView {
  readonly #facts: Facts

  constructor(facts: Facts) {
    this.#facts = facts
  }

  get actions(): readonly string[] {
    return actionsOf(this.#facts)
  }

  get classes(): readonly string[] {
    return classesOf(this.#facts)
  }

  get host(): string {
    return this.#known('host')
  }

  get port(): bigint {
    return BigInt(this.#known('port'))
  }

  #known<Name extends keyof EgressFacts>(name: Name): NonNullable<EgressFacts[Name]> {
    return known('egress', this.#facts.egress, name)
  }
}
