import { join } from 'node:path'
import type { HttpCredential } from '../operations/index.ts'
import { runCredentialProgram } from './exec-credential.ts'
import { basic, bearer, ownHeader } from './header-value.ts'
import { Kept, type Loaded } from './kept.ts'
import { type InlineOrFile, type KubeconfigUser, readKubeconfig } from './kubeconfig.ts'
import { readReferencedFile } from './read-file.ts'
import type { Reference } from './reference.ts'
import type { References } from './references.ts'
import type { CertificateReferences, CredentialProgram, HttpOpening } from './target-settings.ts'

/** What opens a target now. */
export interface Opened {
  readonly credential: HttpCredential
  /** Of the sealed store; 0 where it stands elsewhere. */
  readonly version: number
  /** PEM. */
  readonly ca?: string
}

export interface HttpOpener {
  /** @throws CredentialsError */
  load(opens: HttpOpening): Promise<Loaded<Opened>>
  /** Drops what a command or program printed. */
  forget(opens: HttpOpening): void
}

/** What stands in files may change at any time; for so long, ms, a connection goes on with what it read. */
const READ_AGAIN_MS = 10_000
/** Programs that are remembered with what they printed; the oldest goes first. A kubeconfig may name another each time it is read. */
const PROGRAMS = 256
const KUBECONFIG_BYTES = 1024 * 1024
const TOKEN_BYTES = 64 * 1024
const CA_BYTES = 1024 * 1024
/** Kubernetes: "Accessing the API from within a Pod". */
export const SERVICE_ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount'

/** Follows each way to open a target in HTTP to what its requests carry. */
export function httpOpener(
  references: References,
  { now, serviceAccount = SERVICE_ACCOUNT }: { readonly now: () => number; readonly serviceAccount?: string },
): HttpOpener {
  const programs = new Map<string, Kept<HttpCredential>>()
  const programOf = (program: CredentialProgram): Kept<HttpCredential> => {
    const key = JSON.stringify(program)
    let kept = programs.get(key)
    if (kept === undefined) {
      kept = new Kept(() => runCredentialProgram(program, references, now), now)
      programs.set(key, kept)
      if (programs.size > PROGRAMS) programs.delete(programs.keys().next().value!)
    }
    return kept
  }
  const read = (value: Opened): Loaded<Opened> => ({ value, until: now() + READ_AGAIN_MS })

  async function load(opens: HttpOpening): Promise<Loaded<Opened>> {
    switch (opens.by) {
      case 'bearer': {
        const { secret, version } = await references.secret(opens.token)
        return read({ credential: { header: bearer(secret.reveal()) }, version })
      }
      case 'basic': {
        const { secret, version } = await references.secret(opens.password)
        return read({ credential: { header: basic(opens.user, secret.reveal()) }, version })
      }
      case 'header': {
        const { secret, version } = await references.secret(opens.value)
        return read({ credential: { header: ownHeader(opens.name, secret.reveal()) }, version })
      }
      case 'certificate':
        return read(await certificate(opens.clientCertificate))
      case 'exec':
        // Asked for each request, which costs nothing while what it printed is good.
        return { value: { credential: await programOf(opens.program).get(), version: 0 }, until: 0 }
      case 'none':
        return read({ credential: {}, version: 0 })
      case 'kubeconfig':
        return read(await kubeconfig(opens.path, opens.context))
      case 'in-cluster': {
        // Kubernetes mounts it readable for all: in a pod there is nobody else.
        const [token, ca] = await Promise.all([
          readReferencedFile(join(serviceAccount, 'token'), TOKEN_BYTES, false),
          readReferencedFile(join(serviceAccount, 'ca.crt'), CA_BYTES, false),
        ])
        return read({ credential: { header: bearer(token) }, version: 0, ca })
      }
    }
  }

  async function certificate({ certificate, key }: CertificateReferences): Promise<Opened> {
    const [chain, { secret, version }] = await Promise.all([references.material(certificate), references.secret(key)])
    return { credential: { clientCertificate: { certificate: chain, key: secret.reveal() } }, version }
  }

  async function kubeconfig(path: string, context: string | undefined): Promise<Opened> {
    const { ca, user } = readKubeconfig(await readReferencedFile(path, KUBECONFIG_BYTES, true), path, context)
    return {
      credential: await credentialOf(user),
      version: 0,
      ...(ca && { ca: await textOf(ca, false) }),
    }
  }

  async function credentialOf(user: KubeconfigUser): Promise<HttpCredential> {
    switch (user.by) {
      case 'token':
        return { header: bearer((await textOf(user.token, true)).trim()) }
      case 'certificate':
        return { clientCertificate: { certificate: await textOf(user.certificate, false), key: await textOf(user.key, true) } }
      case 'exec':
        return programOf(user.program).get()
    }
  }

  return {
    load,
    forget(opens) {
      for (const reference of referencesOf(opens)) references.forget(reference)
      for (const [key, kept] of programs) {
        // Of a kubeconfig it is not known here which program is its own; there are few, and each is asked once more.
        if (opens.by === 'kubeconfig' || (opens.by === 'exec' && key === JSON.stringify(opens.program))) kept.expire()
      }
    },
  }
}

const textOf = async (source: InlineOrFile, secret: boolean): Promise<string> =>
  'text' in source ? source.text : readReferencedFile(source.path, CA_BYTES, secret)

function referencesOf(opens: HttpOpening): readonly Reference[] {
  switch (opens.by) {
    case 'bearer':
      return [opens.token]
    case 'basic':
      return [opens.password]
    case 'header':
      return [opens.value]
    case 'certificate':
      return [opens.clientCertificate.certificate, opens.clientCertificate.key]
    case 'exec':
    case 'kubeconfig':
    case 'in-cluster':
    case 'none':
      return []
  }
}
