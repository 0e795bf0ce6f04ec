import type { Connector } from '../credentials/index.ts'
import type { PostgresResource, Run } from '../operations/index.ts'
import { CatalogWatches, type WatchedDatabase } from '../protocols/postgres/catalog/index.ts'
import type { OpenedSession, PostgresAsk, PostgresTarget } from '../protocols/postgres/index.ts'
import { readNames } from '../protocols/postgres/index.ts'
import { createUnderstanding, Share, type SqlSession, Standing } from '../protocols/postgres/sql/index.ts'
import type { Records } from './records.ts'

/** How the gateway understands what its PostgreSQL sessions send: a parser, and the catalogs of their databases. */
export interface SqlReading {
  /** @throws CodedError where the target does not say what its names mean; the socket's own error */
  open(session: OpenedSession): Promise<SqlSession>
  close(): Promise<void>
}

export interface SqlReadingParts {
  readonly connector: Pick<Connector<PostgresAsk, PostgresTarget>, 'connect'>
  readonly records: Pick<Records, 'catalogRead' | 'catalogOutcome'>
  /** Bytes up to which a text is read. */
  readonly statementBytes: number
  /** Whether it has to be known what flows into the columns of results, as some of them may be masked. */
  readonly masks: () => boolean
}

/** To look at names it takes nothing but a log-in: the first credential of the resource. */
const TO_LOOK: ReadonlySet<string> = new Set(['session'])

export function createSqlReading({ connector, records, statementBytes, masks }: SqlReadingParts): SqlReading {
  const understanding = createUnderstanding({ statementBytes })
  const catalogs = new CatalogWatches({
    async connect(of, signal) {
      await records.catalogRead(of.resource)
      const ask: PostgresAsk = { database: of.database, settings: new Map(), minor: 0, readOnly: false }
      return (await connector.connect({ name: of.resource }, ask, signal, TO_LOOK)).target
    },
    observer: (of, reading) => records.catalogOutcome(of.resource, reading),
  })
  // Another session does not get a run out of what its slow texts have earned it.
  const standings = new WeakMap<Run, Standing>()
  const standingOf = (run: Run): Standing => {
    const standing = standings.get(run) ?? new Standing()
    standings.set(run, standing)
    return standing
  }
  return {
    async open({ run, resource, database, target, readOnly }) {
      const { user, searchPath, usable } = await readNames(target)
      const catalog = catalogs.open(watched(resource, database))
      const options = {
        catalog,
        user,
        searchPath,
        usable,
        readOnly,
        parameters: target.parameters,
        serverVersion: versionNumber(target.parameters.get('server_version')),
        lineage: masks,
      }
      const session = understanding.openSession(options, new Share(standingOf(run)))
      return closingWith(session, () => catalog.close())
    },
    async close() {
      catalogs.close()
      await understanding.close()
    },
  }
}

/** A resource that is moved elsewhere is another one: what its names meant before is not what they mean now. */
const watched = ({ name, host, port }: PostgresResource, database: string): WatchedDatabase => ({
  resource: name,
  at: `${host}:${port}`,
  database,
})

function closingWith(session: SqlSession, close: () => void): SqlSession {
  const end = session.close.bind(session)
  let open = true
  session.close = () => {
    if (open) close()
    open = false
    end()
  }
  return session
}

/** `server_version` as `server_version_num` has it: 15.4 is 150004. 0 where it is not known. */
export function versionNumber(version = ''): number {
  const [, major = '0', minor = '0'] = /^(\d{1,4})(?:\.(\d{1,4}))?/.exec(version) ?? []
  return Number(major) * 10_000 + Number(minor)
}
