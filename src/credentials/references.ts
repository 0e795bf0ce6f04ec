import { CredentialsError } from './errors.ts'
import { readReferencedFile } from './read-file.ts'
import type { Reference } from './reference.ts'
import { type CommandBounds, runSecretCommand } from './run-command.ts'
import { Secret } from './secret.ts'
import type { SecretStore } from './secret-store.ts'

/** A secret at the moment of its use. */
export interface ResolvedSecret {
  readonly secret: Secret
  /** The sealed store's version; 0 where the secret stands outside the gateway. */
  readonly version: number
}

/** Follows references, at the moment of use. */
export interface References {
  /** @throws CredentialsError that names the reference, never its value */
  secret(reference: Reference): Promise<ResolvedSecret>
  /** What is no secret, such as a CA: files may be readable by all, up to 1 MiB. @throws CredentialsError */
  material(reference: Reference): Promise<string>
  /** Drops what is kept of a command's output, because a target refused it. */
  forget(reference: Reference): void
}

const secretBytes = 65_536
const materialBytes = 1024 * 1024

/**
 * @param parts.env the gateway's environment
 * @param parts.secrets the sealed store; absent while the master key itself is resolved
 * @param parts.commandKept how long a command's output serves further connections; milliseconds, default 30,000
 */
export function createReferences(parts: {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly secrets?: Pick<SecretStore, 'get'>
  readonly commandKept?: number
  readonly commandBounds?: CommandBounds
}): References {
  const { env, secrets, commandKept = 30_000, commandBounds } = parts
  const kept = new Map<string, Promise<string>>()

  // A command may mint a token at a service that counts: a pool that opens ten connections asks it once.
  const command = (key: string, path: string, args: readonly string[]): Promise<string> => {
    const known = kept.get(key)
    if (known) return known
    const running = runSecretCommand(path, args, commandBounds)
    kept.set(key, running)
    const drop = () => {
      if (kept.get(key) === running) kept.delete(key)
    }
    running.then(() => setTimeout(drop, commandKept).unref(), drop)
    return running
  }

  const resolve = async (reference: Reference, secret: boolean): Promise<{ text: string; version: number }> => {
    switch (reference.from) {
      case 'env': {
        const text = env[reference.name]
        if (text === undefined || text === '') {
          throw new CredentialsError('GS_SECRET_UNREADABLE', `The environment variable of env:${reference.name} is not set.`)
        }
        return { text, version: 0 }
      }
      case 'file': {
        const text = await readReferencedFile(reference.path, secret ? secretBytes : materialBytes, secret)
        if (text === '') throw new CredentialsError('GS_SECRET_UNREADABLE', `file:${reference.path} is empty.`)
        return { text, version: 0 }
      }
      case 'command':
        return { text: await command(keyOf(reference), reference.path, reference.arguments), version: 0 }
      case 'secret': {
        const found = secrets?.get(reference.name)
        if (found === undefined) throw new CredentialsError('GS_SECRET_UNKNOWN', `The sealed store holds no secret:${reference.name}.`)
        return { text: found.secret.reveal(), version: found.version }
      }
    }
  }

  return {
    async secret(reference) {
      const { text, version } = await resolve(reference, true)
      return { secret: new Secret(text), version }
    },
    material: async (reference) => (await resolve(reference, false)).text,
    forget: (reference) => void kept.delete(keyOf(reference)),
  }
}

const keyOf = (reference: Reference): string => JSON.stringify(reference)
