import { crc32 } from './crc32.ts'

const BASE62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const RANDOM = 30
const CHECKSUM = 6
const PREFIX = 4

/**
 * Whether the last six characters are the CRC-32 of the thirty before them, in base 62 (GitHub, "Behind GitHub's new authentication token
 * formats", 2021). Tokens of another length, and `github_pat_`, have no checksum that was published: their form has to do.
 *
 * @param token with its prefix
 */
export function isGithubToken(token: string): boolean {
  if (token.startsWith('github_pat_')) return /^github_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{59}$/.test(token)
  const body = token.slice(PREFIX)
  if (body.length !== RANDOM + CHECKSUM) return body.length > RANDOM + CHECKSUM
  let rest = crc32(body.slice(0, RANDOM))
  let checksum = ''
  for (let digit = 0; digit < CHECKSUM; digit++) {
    checksum = `${BASE62[rest % 62]}${checksum}`
    rest = Math.floor(rest / 62)
  }
  return body.slice(RANDOM) === checksum
}
