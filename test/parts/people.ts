import { createHash, randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { AesGcmSealer } from '../../src/credentials/aes-gcm-sealer.ts'
import {
  type EndedSession,
  People,
  type PeopleIssuerSettings,
  type PeopleOptions,
  preparePeople,
  type RefusedPerson,
  type RoleSettings,
  type SignedIn,
} from '../../src/identity/people/index.ts'
import { type EmbeddedDatabase, embeddedPersonStore, embeddedSpentTokens, openDatabase } from '../../src/store/index.ts'
import type { TestPeopleIssuer } from './people-issuer.ts'

/** People of the real store, with a clock that can be moved and everything that an observer was told. */
export interface TestPeople {
  readonly people: People
  readonly told: { readonly signedIn: SignedIn[]; readonly refused: RefusedPerson[]; readonly ended: EndedSession[] }
  /** Milliseconds since the epoch, as `people` sees it. */
  readonly clock: { now: number }
  /** Where the store is. */
  readonly folder: string
  readonly database: EmbeddedDatabase
  /** While true nothing can be recorded. */
  failRecording: boolean
  /** The same store in a new process, as far as `people` can tell. */
  again(issuers: readonly PeopleIssuerSettings[], roles: RoleSettings): void
  close(): void
}

export const ADDRESS = '192.0.2.7'

const hashed: PeopleOptions['nameOf'] = (issuer, subject) =>
  createHash('sha256')
    .update(JSON.stringify([issuer, subject]))
    .digest('base64url')

export function startPeople(
  issuers: readonly PeopleIssuerSettings[],
  roles: RoleSettings = {},
  limits?: PeopleOptions['limits'],
  nameOf: PeopleOptions['nameOf'] = hashed,
): TestPeople {
  const folder = mkdtempSync(join(tmpdir(), 'gatescribe-people-'))
  const database = openDatabase(folder)
  const told: TestPeople['told'] = { signedIn: [], refused: [], ended: [] }
  const clock = { now: Date.now() }
  const sealer = new AesGcmSealer(randomBytes(32), '0011223344556677')
  const make = (of: readonly PeopleIssuerSettings[], mapping: RoleSettings) =>
    new People({
      prepared: preparePeople(of, mapping, { cooldown: 0, backOff: 0 }),
      store: embeddedPersonStore(database),
      spent: embeddedSpentTokens(database, () => clock.now),
      sealer,
      nameOf,
      // Here a reference is the secret: the room only passes it on.
      secretOf: async (reference) => ('name' in reference ? reference.name : ''),
      observer: {
        signedIn: async (signedIn) => {
          if (at.failRecording) throw new Error('the disk is full')
          told.signedIn.push(signedIn)
        },
        refused: (refused) => void told.refused.push(refused),
        ended: (ended) => void told.ended.push(ended),
      },
      limits: { address: { burst: 1_000, perSecond: 1_000 }, ...limits },
      now: () => clock.now,
    })
  let people = make(issuers, roles)
  const at: TestPeople = {
    folder,
    database,
    failRecording: false,
    get people() {
      return people
    },
    told,
    clock,
    again(of, mapping) {
      people.close()
      people = make(of, mapping)
    },
    close() {
      people.close()
      database.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
  return at
}

/** How the configuration describes a test issuer, but for what `more` says otherwise. */
export function settingsOf(issuer: TestPeopleIssuer, more: Partial<PeopleIssuerSettings> = {}): PeopleIssuerSettings {
  return {
    name: 'okta',
    issuer: issuer.url,
    insecureLoopback: true,
    clientId: issuer.client.id,
    clientSecret: { from: 'secret', name: issuer.client.secret },
    groups: ['{groups}'],
    link: {},
    ...more,
  }
}

/** All of a sign-in in a browser, from its first page to the session's person. */
export async function signInAs(people: People, issuer: TestPeopleIssuer, account: string, name = 'okta') {
  const { url, pending } = await people.begin({ issuer: name, redirectUri: issuer.redirectUri, address: ADDRESS })
  const callbackUrl = await issuer.signIn(url, account)
  return people.finish({ pending, callbackUrl, address: ADDRESS })
}
