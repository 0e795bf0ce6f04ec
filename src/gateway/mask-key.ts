import type { Config } from '../config/index.ts'
import type { References } from '../credentials/index.ts'
import { GatewayError } from './errors.ts'

/**
 * The key that masked values are hashed by, read when it is used: a new one is taken by the next session.
 * @returns undefined where no mask hashes
 * @throws CredentialsError where it cannot be read; GatewayError GS_GATEWAY_MASK_KEY where it is no key
 */
export async function readMaskKey(
  { masks, masking }: Pick<Config, 'masks' | 'masking'>,
  references: Pick<References, 'secret'>,
): Promise<Uint8Array | undefined> {
  if (masking.key === undefined || !masks.some(({ mask }) => mask.as === 'hash')) return undefined
  const text = (await references.secret(masking.key)).secret.reveal().trim()
  const hex = /^[0-9a-fA-F]{64}$/.test(text)
  if (!hex && !/^[A-Za-z0-9+/_-]{43}=?$/.test(text)) throw new GatewayError('GS_GATEWAY_MASK_KEY')
  return Buffer.from(text, hex ? 'hex' : 'base64')
}
