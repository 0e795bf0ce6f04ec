import { expect, it } from 'vitest'
import { kindOfName } from './secret-names.ts'

it.each([
  ...['password', 'PASSWORD', 'passwd', 'pwd', 'pass', 'pw', 'db_pass', 'user.pw', 'PGPASSWORD', 'sslpassword', 'MYSQL_ROOT_PASSWORD'],
  ...['password_hash', 'passwordHash', 'new_password', 'password2', 'passwords', 'pass_word', 'smtp-password', 'password_plaintext'],
])('%s is a password', (name) => expect(kindOfName(name)).toBe('password'))

it.each(['secret', 'client_secret', 'clientSecret', 'app.jwt_secret', 'credentials', 'secret_key', 'secrets'])('%s is a secret', (name) =>
  expect(kindOfName(name)).toBe('secret'),
)

it.each(['token', 'access_token', 'refreshToken', 'gatescribe.token', 'X-Auth-Token', 'token_hash', 'password_reset_token'])(
  '%s is a token',
  (name) => expect(kindOfName(name)).toBe('token'),
)

it.each(['api_key', 'apiKey', 'X-Api-Key', 'aws_secret_access_key', 'private_key', 'AccountKey', 'SharedAccessSignature'])(
  '%s is a key',
  (name) => expect(kindOfName(name)).toBe('key'),
)

it.each([
  ...['', 'key', 'primary_key', 'keyword', 'words', 'passenger', 'compass', 'bypass', 'passport', 'passthrough', 'passfile', 'upward'],
  ...['password_encryption', 'password_changed_at', 'password_required', 'passwordless', 'password_policy', 'password_min_length'],
  ...['tokens', 'max_tokens', 'token_count', 'token_type', 'tokenizer', 'tokenized', 'token_id'],
  ...['secretary', 'secret_name', 'secret_arn', 'access_key_id', 'credential_type', 'x'.repeat(200).concat('_password')],
])('%s is none', (name) => expect(kindOfName(name)).toBeUndefined())
