import type { Relation } from '../../catalog/catalog.ts'
import { isSystemSchema, nameOf, type Resolved } from './names.ts'
import type { Statement } from './statement.ts'

/** Oids below come with PostgreSQL (FirstNormalObjectId). */
const FIRST_NORMAL_OID = 16384

/** Whether a relation comes with PostgreSQL: then what it comes to goes by its name. */
export function isSystem(target: Pick<Resolved, 'schema' | 'relation'>): boolean {
  return isSystemSchema(target.schema) && (target.relation === undefined || target.relation.oid < FIRST_NORMAL_OID)
}

export function resolvedOf(relation: Relation): Resolved {
  return { key: nameOf(relation.schema, relation.name), schema: relation.schema, name: relation.name, relation }
}

/** What a relation inherits from, or is a partition of. */
export function ancestorsOf(statement: Statement, relation: Relation): readonly Relation[] {
  if (relation.parents.length === 0) return []
  const found = new Set<Relation>()
  const waiting = [...relation.parents]
  for (let oid = waiting.pop(); oid !== undefined; oid = waiting.pop()) {
    const parent = statement.names.catalog?.relationByOid(oid)
    if (!parent) statement.found.unknown.add('reads').add('writes').add('columns')
    else if (!found.has(parent)) {
      found.add(parent)
      waiting.push(...parent.parents)
    }
  }
  return [...found]
}

/** Partitions, and what inherits from one another, in both directions. */
export function family(statement: Statement, relation: Relation): readonly Relation[] {
  if (relation.children.length === 0 && relation.parents.length === 0) return []
  const found = new Set<Relation>(ancestorsOf(statement, relation))
  const waiting = [...relation.children]
  for (let oid = waiting.pop(); oid !== undefined; oid = waiting.pop()) {
    const child = statement.names.catalog?.relationByOid(oid)
    if (!child || found.has(child)) continue
    found.add(child)
    waiting.push(...child.children)
  }
  return [...found]
}
