import { timingSafeEqual } from 'node:crypto'
import type { Run, RunId } from '../operations/index.ts'
import type { BearerAuthenticator, PlaneAuthenticator, ScramVerifier } from './authenticator.ts'
import { type CredentialDoor, deriveCredential, hashCredential, readForm } from './credential.ts'
import type { CredentialStore, StoredCredential } from './credential-store.ts'
import { IdentityError } from './errors.ts'
import type { IdentityKeys } from './root-key.ts'
import { runIdPattern } from './run-id.ts'
import { decoyVerifier, makeVerifier } from './scram-verifier.ts'

/** What this room asks of runs/: is that run live, now? */
export interface KnownRuns {
  run(id: string): { readonly run: Run; readonly state: 'live' | 'ended' | 'revoked' | 'expired' } | undefined
}

export interface MintedCredentials {
  /** `gs_run_…`, for the launcher alone. */
  readonly handle: string
  /** `gs_pg_…`, for the job. */
  readonly postgres: string
  /** `gs_k8s_…`, for the job; where it was asked for. */
  readonly kubernetes?: string
  /** `gs_http_…`, for the job; where it was asked for. */
  readonly http?: string
  /** `gs_model_…`, for the job; where it was asked for. */
  readonly model?: string
  /** `gs_mcp_…`, for the job; where it was asked for. */
  readonly mcp?: string
  /** `gs_proxy_…`, for the job; where it was asked for. */
  readonly proxy?: string
}

/** The planes that take a bearer token, and the door that theirs is for. */
const BEARER = { kubernetes: 'k8s', http: 'http', model: 'model', mcp: 'mcp', proxy: 'proxy' } as const satisfies Record<
  string,
  CredentialDoor
>

export type BearerPlane = keyof typeof BEARER

/** How many credentials are remembered beside the store. */
const REMEMBERED = 10_000

/** The credentials of runs: minting them, and saying whose one is. A live one costs a hash and two map look-ups. */
export class RunCredentials {
  readonly #keys: IdentityKeys
  readonly #store: CredentialStore
  readonly #runs: KnownRuns
  readonly #byHash = new Map<string, StoredCredential>()
  readonly #verifiers = new Map<RunId, ScramVerifier>()

  constructor(keys: IdentityKeys, store: CredentialStore, runs: KnownRuns) {
    this.#keys = keys
    this.#store = store
    this.#runs = runs
  }

  /**
   * The run's credentials; the same ones each time. Their hashes are durable when it resolves.
   * @param planes beside PostgreSQL: those that there is something to reach on
   */
  async mint(run: RunId, planes: readonly BearerPlane[] = []): Promise<MintedCredentials> {
    const handle = this.#bearer(run, 'run')
    const postgres = deriveCredential(this.#keys.credentials, 'pg', run)
    if (!this.#store.byRun(run, 'pg')) {
      const verifier = await makeVerifier(this.#keys, run, postgres)
      this.#store.insert({ run, door: 'pg', hash: hashCredential(postgres), verifier })
    }
    return { handle, postgres, ...Object.fromEntries(planes.map((plane) => [plane, this.#bearer(run, BEARER[plane])])) }
  }

  /** The run whose handle this is. @throws IdentityError, for a plane credential GS_IDENTITY_CREDENTIAL_WRONG_DOOR */
  runOfHandle(credential: string): Run {
    return this.#runOf(credential, 'run')
  }

  /** The same, also where the run is over: for what a launcher may still ask then. @throws IdentityError */
  anyRunOfHandle(credential: string): Run {
    return this.#known(this.#storedOf(credential, 'run').run).run
  }

  /** What the PostgreSQL plane needs of this room. */
  postgres(): PlaneAuthenticator {
    return {
      verifier: async (runId) => this.#verifier(runId) ?? decoyVerifier(this.#keys, runId),
      provenRun: async (runId) => this.#liveRun(runId),
      runOf: async (credential) => this.#runOf(credential, 'pg'),
    }
  }

  /** What a plane that takes a bearer token needs of this room. */
  bearer(plane: BearerPlane): BearerAuthenticator {
    return { runOf: async (credential) => this.#runOf(credential, BEARER[plane]) }
  }

  #bearer(run: RunId, door: Exclude<CredentialDoor, 'pg'>): string {
    const credential = deriveCredential(this.#keys.credentials, door, run)
    if (!this.#store.byRun(run, door)) this.#store.insert({ run, door, hash: hashCredential(credential) })
    return credential
  }

  #runOf(credential: string, door: CredentialDoor): Run {
    return this.#liveRun(this.#storedOf(credential, door).run)
  }

  #storedOf(credential: string, door: CredentialDoor): StoredCredential {
    const form = readForm(credential)
    if (form === 'foreign') throw new IdentityError('GS_IDENTITY_CREDENTIAL_FOREIGN')
    if (form.door !== door) throw new IdentityError('GS_IDENTITY_CREDENTIAL_WRONG_DOOR')
    const hash = hashCredential(credential)
    const stored = this.#byHash.get(hash.toString('base64')) ?? this.#remember(this.#store.byHash(hash))
    if (!stored || stored.door !== door || !timingSafeEqual(stored.hash, hash)) throw new IdentityError('GS_IDENTITY_CREDENTIAL_UNKNOWN')
    return stored
  }

  #known(id: string): NonNullable<ReturnType<KnownRuns['run']>> {
    const known = this.#runs.run(id)
    if (!known) throw new IdentityError('GS_IDENTITY_CREDENTIAL_UNKNOWN')
    return known
  }

  #liveRun(id: string): Run {
    const known = this.#known(id)
    if (known.state !== 'live') throw new IdentityError('GS_IDENTITY_RUN_OVER')
    return known.run
  }

  #verifier(claimedRun: string): ScramVerifier | undefined {
    if (!runIdPattern.test(claimedRun) || this.#runs.run(claimedRun)?.state !== 'live') return undefined
    const id = claimedRun as RunId
    const known = this.#verifiers.get(id) ?? this.#store.byRun(id, 'pg')?.verifier
    if (known) bounded(this.#verifiers).set(id, known)
    return known
  }

  #remember(stored: StoredCredential | undefined): StoredCredential | undefined {
    if (stored) bounded(this.#byHash).set(Buffer.from(stored.hash).toString('base64'), stored)
    return stored
  }
}

/** Forgets the oldest where there is no room for one more. */
function bounded<Key, Value>(map: Map<Key, Value>): Map<Key, Value> {
  if (map.size >= REMEMBERED) map.delete(map.keys().next().value!)
  return map
}
