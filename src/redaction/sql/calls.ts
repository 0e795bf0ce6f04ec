import type { Reading } from './reading.ts'

/** pgcrypto: keys, passphrases, passwords and what is encrypted. aws_commons: a secret access key among its arguments. */
const SECRET_CALLS = new Set([
  ...['crypt', 'hmac', 'encrypt', 'decrypt', 'encrypt_iv', 'decrypt_iv'],
  ...['pgp_sym_encrypt', 'pgp_sym_encrypt_bytea', 'pgp_sym_decrypt', 'pgp_sym_decrypt_bytea'],
  ...['pgp_pub_encrypt', 'pgp_pub_encrypt_bytea', 'pgp_pub_decrypt', 'pgp_pub_decrypt_bytea'],
  'create_aws_credentials',
])

/** The argument behind one that names a secret is the secret. */
const KEYED_CALLS = new Set([
  ...['set_config', 'hstore', 'json_build_object', 'jsonb_build_object', 'json_object', 'jsonb_object', 'jsonb_set', 'jsonb_insert'],
  ...['jsonb_set_lax', 'jsonb_build_array', 'json_build_array'],
])

/** What puts texts together: a literal in it may be the beginning of what another one ends. */
const BUILDING_CALLS = new Set(['format', 'concat', 'concat_ws', 'replace', 'overlay'])

export function isSecretCall(name: string): boolean {
  return SECRET_CALLS.has(name)
}

export function isKeyedCall(name: string): boolean {
  return KEYED_CALLS.has(name)
}

export function isBuildingCall(name: string): boolean {
  return BUILDING_CALLS.has(name)
}

/** Its arguments are connection strings, and SQL that another server runs. */
export function isRemoteCall(name: string): boolean {
  return name.startsWith('dblink')
}

/** The function whose arguments a token stands among, in lower case; empty where it stands among none. */
export function callAround(reading: Reading, at: number): string {
  const open = reading.enclosing[at] ?? -1
  return open > 0 && reading.sign(open) === '(' ? reading.name(open - 1) : ''
}
