import { LaunchError } from './errors.ts'
import type { PlaneAnswers, ReachableResource } from './plane-answers.ts'

/** Which of several resources a client is pointed at that knows of one only. */
export interface Choice {
  /** What is pointed at it: `PostgreSQL`, `the OpenAI API`. */
  readonly what: string
  readonly resource: string
  /** The others that it could have been. */
  readonly others: readonly string[]
}

const HTTPS = ['kubernetes', 'http', 'model', 'mcp'] as const

/** @throws LaunchError GS_LAUNCH_NO_RESOURCE where one is asked for that the run may not open */
export function requireResources(asked: readonly string[], planes: PlaneAnswers): void {
  // Of PostgreSQL an older gateway does not say: the name is sent along, and refused there.
  const { resources } = planes.postgres
  if (resources === undefined) return
  const known = [...resources, ...HTTPS.flatMap((plane) => planes[plane]?.resources ?? [])].map(({ name }) => name)
  for (const name of asked)
    if (!known.includes(name))
      throw new LaunchError('GS_LAUNCH_NO_RESOURCE', known.length === 0 ? name : `${name}; there are ${known.join(', ')}`)
}

/** The first that is asked for, else the first of all. @param asked names, of resources of any kind */
export function chosenOf<Resource extends { readonly name: string }>(
  all: readonly Resource[],
  asked: readonly string[],
): Resource | undefined {
  return all.find(({ name }) => asked.includes(name)) ?? all[0]
}

/** For the summary. */
export function choiceOf(what: string, chosen: Pick<ReachableResource, 'name'>, all: readonly Pick<ReachableResource, 'name'>[]): Choice {
  return { what, resource: chosen.name, others: all.flatMap(({ name }) => (name === chosen.name ? [] : [name])) }
}
