import { expect, it } from 'vitest'
import { DETECTORS, detect, detectors } from './index.ts'

const all = detectors()

/** What is found, as it stands in the text. */
const found = (text: string | Uint8Array, wanted = all) => {
  const bytes = Buffer.from(text)
  return detect(bytes, wanted).map(({ start, end, detector }) => `${detector}: ${bytes.subarray(start, end)}`)
}

const AKIA = `AKIA${'IOSFODNN7EXAMPLE'}`
const GHP = `ghp_${'zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ0mLq17'}`
const base64url = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
const JWT = `${base64url({ alg: 'HS256', typ: 'JWT' })}.${base64url({ sub: '1234567890', name: 'A B' })}.SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c`
const RANDOM = 'q7Rz2LkP9vXc4TnB8wYd1MfH6sJg3A'

it.each([
  ['write to Bob.Smith+tag@mail.example.co.uk.', 'email: Bob.Smith+tag@mail.example.co.uk'],
  ['user=bob@example.com&x=1', 'email: bob@example.com'],
  ['<a href="mailto:bob@example.com">', 'email: bob@example.com'],
  ['card 4111 1111 1111 1111, exp 12/30', 'card: 4111 1111 1111 1111'],
  ['4111111111111111', 'card: 4111111111111111'],
  ['pan=5555-5555-5555-4444;', 'card: 5555-5555-5555-4444'],
  ['3782 822463 10005', 'card: 3782 822463 10005'],
  ['GB82 WEST 1234 5698 7654 32', 'iban: GB82 WEST 1234 5698 7654 32'],
  ['iban:DE89370400440532013000.', 'iban: DE89370400440532013000'],
  ['ssn 536-90-4399', 'us-ssn: 536-90-4399'],
  ['536 90 4399 is hers', 'us-ssn: 536 90 4399'],
  ['call +44 20 7946 0958 now', 'phone: +44 20 7946 0958'],
  ['tel:+14155552671', 'phone: +14155552671'],
  ['+1 (415) 555-2671', 'phone: +1 (415) 555-2671'],
  ['(415) 555-2671', 'phone: 415) 555-2671'],
  ['1-415-555-2671', 'phone: 1-415-555-2671'],
  ['01 23 45 67 89', 'phone: 01 23 45 67 89'],
  ['0044 20 7946 0958', 'phone: 0044 20 7946 0958'],
  ['from 192.168.1.10:5432', 'ip: 192.168.1.10'],
  ['http://10.0.0.1/x', 'ip: 10.0.0.1'],
  ['10.0.0.0/8', 'ip: 10.0.0.0'],
  ['[2001:db8::8a2e:370:7334]:443', 'ip: 2001:db8::8a2e:370:7334'],
  ['addr ::1.', 'ip: ::1'],
  ['::ffff:192.0.2.128', 'ip: ::ffff:192.0.2.128'],
  ['fe80::1%eth0', 'ip: fe80::1'],
  ['2001:0db8:85a3:0000:0000:8a2e:0370:7334', 'ip: 2001:0db8:85a3:0000:0000:8a2e:0370:7334'],
  [`Bearer ${JWT}`, `jwt: ${JWT}`],
  [`id ${AKIA}`, `aws-key: ${AKIA}`],
  [`AIza${'SyA1234567890abcdefghijklmnopqrstuv'}`, `gcp-key: AIza${'SyA1234567890abcdefghijklmnopqrstuv'}`],
  [`${GHP},`, `github-token: ${GHP}`],
  [`abc8Q~${'dT6kZ1xW0nM4rE7yU2iO5pA8sD3fG9hJq'}`, `azure-key: abc8Q~${'dT6kZ1xW0nM4rE7yU2iO5pA8sD3fG9hJq'}`],
  [`glpat-${'x1y2z3a4b5c6d7e8f9g0'}`, `access-token: glpat-${'x1y2z3a4b5c6d7e8f9g0'}`],
  ['api_key = "abcd1234efgh"', 'secret: abcd1234efgh'],
  ['{"clientSecret":"s3cr3t-Value"}', 'secret: s3cr3t-Value'],
  ['DB_PASSWORD=hunter2xy', 'secret: hunter2xy'],
  [RANDOM, `secret: ${RANDOM}`],
])('finds what is in %j', (text, expected) => {
  expect(found(text)).toEqual([expected])
})

it.each([
  '4111 1111 1111 1112',
  '4111111111111111a',
  'order 1234567890123456',
  'a4111111111111111',
  'GB83 WEST 1234 5698 7654 32',
  '000-12-3456',
  '666-12-3456',
  '900-12-3456',
  '123-00-4567',
  '123-45-0000',
  '078-05-1120',
  '2024-10-11 12:30:45.123+02',
  '+0200',
  '911-555-2671',
  '415-911-2671',
  '4155552671',
  'version 1.2.3.4',
  'Chrome/120.0.0.0',
  '256.1.1.1',
  '1.2.3',
  '1.2.3.4.5',
  '00:1b:44:11:3a:b7',
  '00:11:22:33:44:55:66:77',
  'std::vector',
  "'5'::int",
  'x::text',
  'abc::def',
  '1:2:3:4:5:6:7:8:9',
  'logo@2x.png',
  'npm@10.2.3',
  'bob@localhost',
  'git@github.com:acme/reports.git',
  'postgres://bob@db.example.com/x',
  '550e8400-e29b-41d4-a716-446655440000',
  'da39a3ee5e6b4b0d3255bfef95601890afd80709',
  'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=',
  '47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=',
  'SGVsbG8gd29ybGQsIHRoaXMgaXMgYSB0ZXN0IG9mIHRleHQ',
  'getUserAccountSettingsByIdentifier2',
  `eyJ${'hIjoxfQ.eyJiIjoyfQ.c2lnbmF0dXJlLXBhcnQ'}`,
  `ghp_${'exampleexampleexampleexampleexample0'}`,
  'AKIAIOSFODNN7EXAMPL1',
  'password_changed_at: 2024-10-11',
  'api_key: $API_KEY1',
  '-----BEGIN CERTIFICATE-----\nMIIBszCCAVmgAwIBAgIUYF2Y\n-----END CERTIFICATE-----',
])('finds nothing in %j', (text) => {
  expect(found(text)).toEqual([])
})

it('finds the words of a private key one by one, in lines, escaped, with headers, and stops behind it', () => {
  const body = ['MIIEvQIBADANBgkqhkiG9w0BAQEFAASC', 'BKcwggSjAgEAAoIBAQC7', 'Eg==']
  for (const by of ['\n', '\r\n', '\\n', ' ']) {
    const text = `x -----BEGIN RSA PRIVATE KEY-----${by}${body.join(by)}${by}-----END RSA PRIVATE KEY-----${by}after it`
    expect(found(text)).toEqual(body.map((each) => `private-key: ${each}`))
  }
  expect(found(`-----BEGIN PRIVATE KEY-----${body[0]}-----END PRIVATE KEY-----`)).toEqual([`private-key: ${body[0]}`])
  expect(found(`-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\n${body[0]}\n`)).toContain(`private-key: ${body[0]}`)
  expect(found('-----BEGIN PRIVATE KEY----- is how it begins')).toEqual([])
})

it('reads an escape as the end of a word', () => {
  expect(found(String.raw`{\"email\":\"bob@example.com\",\"a\":1}`)).toEqual(['email: bob@example.com'])
  expect(found(String.raw`line\nbob@example.com\tx`)).toEqual(['email: bob@example.com'])
  expect(found(String.raw`é bob@example.com\u00e9`)).toEqual(['email: bob@example.com'])
})

it('finds several in one text, in order and apart', () => {
  expect(found(`a@b.io 4111111111111111 and 10.1.2.3, ${AKIA}`)).toEqual([
    'email: a@b.io',
    'card: 4111111111111111',
    'ip: 10.1.2.3',
    `aws-key: ${AKIA}`,
  ])
})

it('looks for nothing but what is wanted', () => {
  const text = `a@b.io 4111111111111111 10.1.2.3 ${JWT} ${RANDOM}`
  for (const detector of DETECTORS) {
    for (const each of found(text, detectors([detector]))) expect(each.startsWith(`${detector}: `)).toBe(true)
  }
  expect(found(text, detectors([]))).toEqual([])
  expect(found(text, detectors(['card']))).toEqual(['card: 4111111111111111'])
})

it('keeps a token together that is longer than a word may be', () => {
  const long = `${JWT}${'a1B2'.repeat(5000)}`
  const places = detect(Buffer.from(`x ${long} y`), all)
  expect(places.every(({ detector }) => detector === 'jwt')).toBe(true)
  expect(places.reduce((sum, { start, end }) => sum + end - start, 0)).toBe(long.length)
})

it('stands any bytes', () => {
  expect(found(Buffer.from([0xff, 0xfe, ...Buffer.from('bob@example.com'), 0x80, 0]))).toEqual(['email: bob@example.com'])
  expect(found('')).toEqual([])
})
