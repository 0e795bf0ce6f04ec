import { EGRESS_ACTIONS, EGRESS_CLASSES, EGRESS_NAMED_ONLY } from './egress-effects.ts'
import type { Effect } from './facts.ts'
import { HTTP_ACTIONS, HTTP_CLASSES, HTTP_NAMED_ONLY } from './http-effects.ts'
import { KUBERNETES_ACTIONS, KUBERNETES_CLASSES, KUBERNETES_NAMED_ONLY } from './kubernetes-effects.ts'
import { MCP_ACTIONS, MCP_CLASSES, MCP_NAMED_ONLY } from './mcp-effects.ts'
import { MODEL_ACTIONS, MODEL_CLASSES, MODEL_COMES_WITH, MODEL_NAMED_ONLY } from './model-effects.ts'
import { POSTGRES_ACTIONS, POSTGRES_CLASSES, POSTGRES_NAMED_ONLY } from './postgres-effects.ts'
import type { Resource } from './resource.ts'

/** What can happen at one kind of resource, and what is known of it. */
export interface Plane {
  /** As people call it. */
  readonly title: string
  /** What one operation is called where an agent reads of it. */
  readonly operation: 'statement' | 'request'
  readonly classes: readonly string[]
  /** Classes that are not among `<kind>.*` of what permits. */
  readonly namedOnly: ReadonlySet<string>
  /** Class → the class that it comes with, as `session` comes with everything. */
  readonly comesWith?: ReadonlyMap<string, string>
  /** By name; each in one of the classes. */
  readonly actions: ReadonlyMap<string, { readonly class: string; readonly meaning: string }>
  /** What an operation has of which nothing is known. */
  readonly unknown: Effect
  /** The variable that conditions find its facts in. */
  readonly facts: 'sql' | 'k8s' | 'http' | 'model' | 'tool' | 'egress'
  /** The page that lists classes and actions. */
  readonly page: `docs/${string}-effects.md`
}

/** Every plane, in the order in which pages list them. The name of a plane is the kind of its resources, and stands before the dot in a rule's `do`. */
export const PLANES: Readonly<Record<Resource['kind'], Plane>> = {
  postgres: {
    title: 'PostgreSQL',
    operation: 'statement',
    classes: POSTGRES_CLASSES,
    namedOnly: POSTGRES_NAMED_ONLY,
    actions: POSTGRES_ACTIONS,
    unknown: { class: 'opaque', action: 'unparsed' },
    facts: 'sql',
    page: 'docs/postgres-effects.md',
  },
  kubernetes: {
    title: 'Kubernetes',
    operation: 'request',
    classes: KUBERNETES_CLASSES,
    namedOnly: KUBERNETES_NAMED_ONLY,
    actions: KUBERNETES_ACTIONS,
    unknown: { class: 'opaque', action: 'unknown request' },
    facts: 'k8s',
    page: 'docs/kubernetes-effects.md',
  },
  http: {
    title: 'HTTP',
    operation: 'request',
    classes: HTTP_CLASSES,
    namedOnly: HTTP_NAMED_ONLY,
    actions: HTTP_ACTIONS,
    unknown: { class: 'other', action: 'other method' },
    facts: 'http',
    page: 'docs/http-effects.md',
  },
  model: {
    title: 'models',
    operation: 'request',
    classes: MODEL_CLASSES,
    namedOnly: MODEL_NAMED_ONLY,
    comesWith: MODEL_COMES_WITH,
    actions: MODEL_ACTIONS,
    unknown: { class: 'other', action: 'other request' },
    facts: 'model',
    page: 'docs/model-effects.md',
  },
  mcp: {
    title: 'MCP',
    operation: 'request',
    classes: MCP_CLASSES,
    namedOnly: MCP_NAMED_ONLY,
    actions: MCP_ACTIONS,
    unknown: { class: 'other', action: 'other method' },
    facts: 'tool',
    page: 'docs/mcp-effects.md',
  },
  egress: {
    title: 'the proxy',
    operation: 'request',
    classes: EGRESS_CLASSES,
    namedOnly: EGRESS_NAMED_ONLY,
    actions: EGRESS_ACTIONS,
    unknown: { class: 'connect', action: 'connect' },
    facts: 'egress',
    page: 'docs/egress-effects.md',
  },
}

/** The kinds of resources, in the same order. */
export const PLANE_KINDS = Object.keys(PLANES) as readonly Resource['kind'][]

/** One of each kind. */
export const byKind = <Each>(make: (kind: Resource['kind']) => Each): Readonly<Record<Resource['kind'], Each>> => ({
  postgres: make('postgres'),
  kubernetes: make('kubernetes'),
  http: make('http'),
  model: make('model'),
  mcp: make('mcp'),
  egress: make('egress'),
})
