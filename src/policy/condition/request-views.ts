import type { Facts, HttpFacts, Json, KubernetesFacts } from '../../operations/index.ts'
import { type JsonValue, jsonValue } from './json-value.ts'
import { known, missing } from './unknown-fact.ts'
import { actionsOf, classesOf } from './views.ts'

/** What conditions see of a request to a Kubernetes API server; see views.ts. */
export class K8sView {
  readonly #facts: Facts
  #object: JsonValue | undefined
  #patch: JsonValue | undefined

  constructor(facts: Facts) {
    this.#facts = facts
  }

  get actions(): readonly string[] {
    return actionsOf(this.#facts)
  }

  get classes(): readonly string[] {
    return classesOf(this.#facts)
  }

  get verb(): string {
    return this.#known('verb')
  }

  get group(): string {
    return this.#known('group')
  }

  get version(): string {
    return this.#known('version')
  }

  get resource(): string {
    return this.#known('resource')
  }

  get subresource(): string {
    return this.#known('subresource')
  }

  get namespace(): string {
    return this.#known('namespace')
  }

  get name(): string {
    return this.#known('name')
  }

  get path(): string {
    return this.#known('path')
  }

  get command(): readonly string[] {
    return this.#known('command')
  }

  get container(): string {
    return this.#known('container')
  }

  get stdin(): boolean {
    return this.#known('stdin')
  }

  get asUser(): string {
    return this.#known('asUser')
  }

  get asGroups(): readonly string[] {
    return this.#known('asGroups')
  }

  get dryRun(): boolean {
    return this.#known('dryRun')
  }

  get fieldManager(): string {
    return this.#known('fieldManager')
  }

  get labelSelector(): string {
    return this.#known('labelSelector')
  }

  get fieldSelector(): string {
    return this.#known('fieldSelector')
  }

  /** What is sent of create, update and server-side apply: all of it, or what is applied. */
  get object(): JsonValue {
    this.#object ??= jsonValue(objectOf(this.#facts.k8s) ?? missing('k8s.object'))
    return this.#object
  }

  get patchType(): string {
    return this.#known('patch').type
  }

  get patch(): JsonValue {
    this.#patch ??= jsonValue(this.#known('patch').content)
    return this.#patch
  }

  #known<Name extends keyof KubernetesFacts>(name: Name): NonNullable<KubernetesFacts[Name]> {
    return known('k8s', this.#facts.k8s, name)
  }
}

/** The object that a request is about, as far as it is sent: JSON that is no object is none. */
export function objectOf(k8s: KubernetesFacts | undefined): Json | undefined {
  const object = k8s?.patch?.type === 'apply' ? k8s.patch.content : k8s?.object
  return object === null ? undefined : object
}

/** What conditions see of an HTTP request. */
export class HttpView {
  readonly #facts: Facts
  #headers: ReadonlyMap<string, string> | undefined

  constructor(facts: Facts) {
    this.#facts = facts
  }

  get actions(): readonly string[] {
    return actionsOf(this.#facts)
  }

  get classes(): readonly string[] {
    return classesOf(this.#facts)
  }

  get method(): string {
    return this.#known('method')
  }

  get host(): string {
    return this.#known('host')
  }

  get path(): string {
    return this.#known('path')
  }

  get query(): string {
    return this.#known('query')
  }

  get headers(): ReadonlyMap<string, string> {
    this.#headers ??= new Map(Object.entries(this.#known('headers')))
    return this.#headers
  }

  #known<Name extends keyof HttpFacts>(name: Name): NonNullable<HttpFacts[Name]> {
    return known('http', this.#facts.http, name)
  }
}
