import type { OwnRun, OwnRuns } from '../api/admin/index.ts'
import { LocalError } from '../api/local/index.ts'
import { exchangeAnswerOf, type PlanesSurface } from '../api/token/index.ts'
import type { BearerPlane, MintedCredentials, RunCredentials } from '../identity/index.ts'
import { ownRun, type People, PeopleError, type PersonSession } from '../identity/people/index.ts'
import type { Run, RunId } from '../operations/index.ts'
import type { TargetResource } from '../resources/index.ts'
import { type LiveRuns, RunError, type RunView } from '../runs/index.ts'
import type { HttpSurface } from './http-surface.ts'

/** Runs that may go on at once from one sign-in. */
const MOST = 16

export interface OwnRunsParts {
  readonly people: Pick<People, 'sessions'>
  readonly runs: Pick<LiveRuns, 'begin' | 'extend' | 'end' | 'live' | 'run'>
  readonly credentials: Pick<RunCredentials, 'mint'>
  readonly resource: (name: string) => TargetResource | undefined
}

/** Ends runs of persons with the sign-ins that they were started from, whatever ends these. @returns ends that */
export function endWithSignIns({ people: { sessions }, runs }: Pick<OwnRunsParts, 'people' | 'runs'>): () => void {
  const end = (isOver: (session: string) => boolean) => {
    for (const { id, signIn } of runs.live()) {
      if (!signIn || !isOver(signIn.session)) continue
      try {
        runs.end(id)
      } catch {
        // It is over in memory, and the sweep of runs tells the store.
      }
    }
  }
  const forget = sessions.onEnded(({ id }) => end((session) => session === id))
  // Those that ended while a gateway was down, or was being killed.
  const live = new Set<string>(sessions.list().map(({ id }) => id))
  end((session) => !live.has(session))
  return forget
}

/** What persons do at the planes in their own name. @param at where they are found */
export function ownRuns(
  { people, runs, credentials, resource }: OwnRunsParts,
  at: {
    /** Absent where there is no PostgreSQL door. */
    readonly postgres: { readonly host: string; readonly port: number } | undefined
    /** Absent where there is no https door. */
    readonly https: Pick<HttpSurface, 'urlOf'> | undefined
    readonly ca: () => string | undefined
    /** URL of the token door. */
    readonly token: () => string
    /** Where all planes are. */
    readonly surface: PlanesSurface
    /** Planes that take a bearer token and have a resource. */
    readonly bearer: () => readonly BearerPlane[]
  },
): OwnRuns {
  /** Sign-ins that a run is being started from, once for each. */
  const starting: string[] = []
  const going = (session: string) =>
    runs.live().filter(({ signIn }) => signIn?.session === session).length + starting.filter((each) => each === session).length
  const isLive = ({ id }: PersonSession) => people.sessions.isLive(id)
  /** Of somebody else it is not told whether there is such a run. */
  const own = ({ id: session }: PersonSession, id: string): RunId => {
    const view = runs.run(id)
    if (view?.run.signIn?.session !== session) throw new LocalError('GS_LOCAL_NOT_FOUND', 'You have started no run of this id.')
    return view.run.id
  }
  const opens = (resource: TargetResource, run: Run, minted: MintedCredentials): Pick<OwnRun, 'planes' | 'database'> => {
    if (resource.kind === 'postgres') {
      const [only, ...others] = resource.databases.keys()
      return {
        planes: { postgres: { ...(at.postgres ?? { host: '', port: 0 }), user: run.id, credential: minted.postgres } },
        ...(only !== undefined && others.length === 0 && { database: only }),
      }
    }
    if (resource.kind === 'egress') throw new TypeError('what is reached through the proxy is opened by nobody')
    const { env } = resource
    const plane = { url: at.https?.urlOf(resource) ?? '', credential: minted[resource.kind] ?? '', ...(env && { env }) }
    switch (resource.kind) {
      case 'kubernetes':
        return { planes: { kubernetes: plane } }
      case 'http':
        return { planes: { http: plane } }
      case 'model':
        return { planes: { model: { ...plane, api: resource.api } } }
      case 'mcp':
        return { planes: { mcp: plane } }
    }
  }
  const begin = async (session: PersonSession, planes: readonly BearerPlane[]) => {
    if (going(session.id) >= MOST)
      throw new RunError('GS_RUNS_TOO_MANY', { reason: `From one sign-in ${MOST} runs may go on at the same time.` })
    starting.push(session.id)
    const begun = await runs.begin(ownRun(session)).finally(() => starting.splice(starting.indexOf(session.id), 1))
    const minted = await credentials.mint(begun.run.id, planes)
    // Signed out, or revoked, while it was recorded: nobody was told to end it.
    if (!isLive(session)) {
      runs.end(begun.run.id)
      throw new PeopleError('GS_PEOPLE_SESSION_INVALID')
    }
    return { begun, minted }
  }
  return {
    async launch(session) {
      const { begun, minted } = await begin(session, at.bearer())
      return { gateway: at.token(), exchange: exchangeAnswerOf({ ...begun, ...minted }, at.surface), ca: at.ca() }
    },
    async start(session, name) {
      const found = resource(name)
      if (found === undefined) throw new LocalError('GS_LOCAL_NOT_FOUND', 'No resource has this name.')
      if (found.kind === 'egress')
        throw new LocalError('GS_LOCAL_NOT_FOUND', 'What is reached through the proxy is for jobs: connect to it as it is.')
      const {
        begun: { run },
        minted,
      } = await begin(session, found.kind === 'postgres' ? [] : [found.kind])
      return { ...lifeOf(runs.run(run.id) ?? { run, expiresAt: 0 }), resource: found.name, ...opens(found, run, minted), ca: at.ca() }
    },
    renew: (session, id) => lifeOf(runs.extend(own(session, id))),
    end: (session, id) => void runs.end(own(session, id)),
  }
}

function lifeOf({
  run: { id, signIn },
  expiresAt,
}: { readonly run: Run } & Pick<RunView, 'expiresAt'>): Pick<OwnRun, 'run' | 'expiresAt' | 'until'> {
  return { run: id, expiresAt, until: signIn?.until ?? expiresAt }
}
