import { type Connector, createHttpConnector, type DialVia, type References } from '../credentials/index.ts'
import { createGuard, type GuardParts } from '../guard/index.ts'
import type { HttpAsk, HttpTarget } from '../protocols/http/index.ts'
import type { InForce } from './in-force.ts'

/** What the planes behind the https door need of the house: their guard is another one than PostgreSQL's, over the same policy, runs and trail. */
export interface HttpRooms {
  readonly connector: Connector<HttpAsk, HttpTarget>
  readonly guard: ReturnType<typeof createGuard<HttpAsk, HttpTarget>>
}

/** @param shared what both guards stand on */
export async function openHttpRooms(
  shared: Omit<GuardParts<HttpAsk, HttpTarget>, 'connect'>,
  inForce: InForce,
  opening: { readonly references: References; readonly dialVia?: DialVia },
): Promise<HttpRooms> {
  // Loaded where there is such a door only.
  const { createHttpLogin } = await import('../protocols/http/index.ts')
  const connector = createHttpConnector<HttpAsk, HttpTarget>({
    resource: (name) => inForce.taken.configured.http.get(name),
    login: createHttpLogin(),
    ...opening,
  })
  const guard = createGuard<HttpAsk, HttpTarget>({
    ...shared,
    connect: (...asked) => connector.connect(...asked),
  })
  return { connector, guard }
}
