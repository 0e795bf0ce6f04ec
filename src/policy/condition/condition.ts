import type { ParseResult } from '@marcbachmann/cel-js'
import type { Facts } from '../../operations/index.ts'
import type { Asker } from '../asker.ts'
import { RuleError } from '../errors.ts'
import { engine, OWN } from './engine.ts'
import { FACTS } from './facts.ts'
import { inspect, judgeTypes } from './inspect.ts'
import { sizeOfJson } from './json-value.ts'
import { longestList } from './reach.ts'
import type { Node } from './tree.ts'
import {
  EgressView,
  HttpView,
  K8sView,
  ModelView,
  objectOf,
  PrincipalView,
  ResourceView,
  RunView,
  SessionView,
  SqlView,
  ToolView,
} from './views.ts'

/** Longest condition, in UTF-16 units. */
const LONGEST = 4_000
/** Steps that the loops of one condition may come to; a step is about 0.3 µs. */
const STEPS = 10_000

/** The `when` of a rule, ready to be asked. */
export interface Condition {
  /** Facts that it names, as written: `sql.reads`, `now`. */
  readonly facts: ReadonlySet<string>
  /** Lists that an `all()` goes through and that nothing says are not empty. */
  readonly perhapsEmpty: readonly string[]
  /** @returns what it says, or why it says nothing: a fact is unknown, or a list too long to go through */
  ask(situation: Situation): boolean | Error
}

/** One question, as conditions see it. Views are made when the first condition is asked. */
export class Situation {
  readonly principal: PrincipalView
  readonly resource: ResourceView
  readonly run: object
  readonly session: object
  readonly sql: object
  readonly k8s: object
  readonly http: object
  readonly model: object
  readonly tool: object
  readonly egress: object
  readonly now: Date
  readonly #facts: Facts
  readonly #surroundings: Surroundings
  #longest: number | undefined
  #larger: number | undefined

  constructor(surroundings: Surroundings, facts: Facts, now: number) {
    this.principal = surroundings.principal
    this.resource = surroundings.resource
    this.run = surroundings.run
    this.session = surroundings.session
    this.sql = new SqlView(facts)
    this.k8s = new K8sView(facts)
    this.http = new HttpView(facts)
    this.model = new ModelView(facts)
    this.tool = new ToolView(facts)
    this.egress = new EgressView(facts)
    this.#facts = facts
    this.now = new Date(now)
    this.#surroundings = surroundings
  }

  /** What loops could go through: the length of the longest list among the facts. @param objects whether also what is sent: the size of all of it */
  reach(objects: boolean): number {
    this.#longest ??= Math.max(longestList(this.#facts), this.#surroundings.longest)
    if (!objects) return this.#longest
    const { k8s, tool } = this.#facts
    this.#larger ??= Math.max(this.#longest, ...[objectOf(k8s), k8s?.patch?.content, tool?.arguments].map(sizeOfJson))
    return this.#larger
  }
}

/** What stays the same for an asker. */
export class Surroundings {
  readonly principal: PrincipalView
  readonly resource: ResourceView
  readonly run: object
  readonly session: object
  readonly longest: number

  constructor({ principal, resource, run, session }: Asker) {
    this.principal = new PrincipalView(principal)
    this.resource = new ResourceView(resource)
    this.run = new RunView(run)
    this.session = new SessionView(session)
    this.longest = Math.max(principal.groups.length, resource.tags.length)
  }
}

/** Facts that are objects as they are sent. */
const SENT = ['k8s.object', 'k8s.patch', 'tool.arguments']

const tooLong = new Error('a list is too long for the loops of this condition')

/**
 * Reads a condition.
 *
 * @param text CEL over the facts of docs/rules.md
 * @throws RuleError that says what is wrong, where, and what to write
 */
export function compileCondition(text: string): Condition {
  if (text.length > LONGEST) throw new RuleError(`A condition has at most ${LONGEST} characters.`, 'Make several rules of it.')
  const parsed = parse(text)
  const { facts, depth, loops, matchesInLoops, perhapsEmpty } = inspect(parsed.ast as Node, text)
  if (depth > 3) throw new RuleError('Loops stand more than three deep in one another.', 'Make several rules of it.')
  const checked = parsed.check()
  if (!checked.valid) throw refused(checked.error, 'Its types do not fit')
  const objects = SENT.some((fact) => facts.has(fact))
  judgeTypes(parsed.ast as Node, objects)
  if (checked.type !== 'bool') {
    throw new RuleError(`A condition is true or false, and this is a ${checked.type}.`, 'Compare it with something: size(sql.writes) > 0.')
  }
  const longest = depth === 0 ? Number.POSITIVE_INFINITY : ((matchesInLoops ? STEPS / 10 : STEPS) / loops) ** (1 / depth)
  return {
    facts,
    perhapsEmpty,
    ask(situation) {
      if (depth > 0 && situation.reach(objects) > longest) return tooLong
      try {
        const said: unknown = parsed(situation)
        return typeof said === 'boolean' ? said : new TypeError('neither true nor false')
      } catch (error) {
        return error instanceof Error ? error : new Error(String(error))
      }
    },
  }
}

function parse(text: string): ParseResult {
  try {
    return engine.parse(text)
  } catch (error) {
    throw refused(error, 'This is not CEL')
  }
}

/** The engine's own words, without the excerpt that it draws. */
function refused(error: unknown, what: string): RuleError {
  const { summary = 'it cannot be read', range, code, node } = (error ?? {}) as EngineError
  return new RuleError(`${what}: ${summary.replace(OWN.matches, 'matches').replace(/[.]$/, '')}.`, fieldsFor(code, node), range?.start)
}

interface EngineError {
  readonly summary?: string
  readonly code?: string
  readonly range?: { readonly start: number }
  readonly node?: Node
}

function fieldsFor(code: string | undefined, node: Node | undefined): string | undefined {
  if (code === 'unknown_variable')
    return 'The variables are sql, k8s, http, model, tool, egress, principal, run, resource, session and now.'
  if (code !== 'no_such_key' || node?.op !== '.') return undefined
  const of = (node.args as readonly [Node, string])[0].checkedType?.name.toLowerCase() ?? ''
  const fields: Readonly<Record<string, object>> = FACTS
  return Object.hasOwn(fields, of) ? `The fields here are ${Object.keys(fields[of] ?? {}).join(', ')}.` : undefined
}
