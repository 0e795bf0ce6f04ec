import { crc32 } from 'node:zlib'
import type { Detector } from '../../src/masking/index.ts'
import { BASE62, DIGITS, HEX, LOWERS, type Random, UPPERS } from './random.ts'

// Made here, from the specifications, by other code than what is tested. Some forms are ones that the detectors are known to miss:
// a corpus without them would say that nothing is missed.

const NAMES = 'anna ben carla dmitri elif farid grace hanna ivan jo kim lea mo nina omar pia quentin rosa sven tara'.split(' ')
const DOMAINS = 'example.com example.org mail.example.net corp.example.co.uk example.io sub.example.de example.museum'.split(' ')

function email(random: Random): string {
  const name = random.one(NAMES)
  const domain = random.one(DOMAINS)
  switch (random.below(20)) {
    case 0:
      return `"${name} x"@${domain}`
    case 1:
      return `${name}.ö@${domain}`
    case 2:
    case 3:
      return `${name}+${random.text(4, LOWERS)}@${domain}`
    case 4:
      return `${name}_${random.text(3, DIGITS)}@${domain}`.toUpperCase()
    default:
      return `${name}.${random.one(NAMES)}${random.below(100)}@${domain}`
  }
}

function withLuhn(digits: string): string {
  for (let check = 0; ; check++) {
    const all = [...`${digits}${check}`].reverse().map(Number)
    if (all.reduce((sum, digit, at) => sum + (at % 2 === 0 ? digit : Math.floor((digit * 2) / 10) + ((digit * 2) % 10)), 0) % 10 === 0)
      return `${digits}${check}`
  }
}

function card(random: Random): string {
  const [first, length] = random.one([
    ['4', 16],
    ['4', 16],
    ['51', 16],
    ['55', 16],
    ['2223', 16],
    ['34', 15],
    ['37', 15],
    ['6011', 16],
    ['65', 16],
    ['36', 14],
    ['3530', 16],
    ['62', 16],
    ['62', 19],
    ['2200', 16],
    ['4', 13],
  ] as const)
  const number = withLuhn(first + random.text(length - first.length - 1, DIGITS))
  const groups = length === 15 ? /(.{4})(.{6})(.{5})/ : length === 14 ? /(.{4})(.{6})(.{4})/ : /(.{4})(.{4})(.{4})(.{4})(.*)/
  const by = random.one(['', '', ' ', '-', length === 16 ? '.' : ''])
  return by === '' || length === 13 ? number : number.replace(groups, (_, ...parts) => parts.slice(0, -2).filter(Boolean).join(by))
}

/** Country, then the form of its BBAN: `n` digits, `a` capitals, `c` both. */
const BBANS =
  'DE18n FR10n11c2n GB4a14n ES20n IT1a10n12c NL4a10n BE12n AT16n CH5n12c PL24n SE20n NO11n DK14n FI14n PT21n IE4a14n CZ20n GR7n16c MT4a5n18c TR5n1n16c'.split(
    ' ',
  )

function iban(random: Random): string {
  const form = random.one(BBANS)
  const country = form.slice(0, 2)
  const bban = form
    .slice(2)
    .replaceAll(/(\d+)([nac])/g, (_, count, kind) =>
      random.text(Number(count), kind === 'n' ? DIGITS : kind === 'a' ? UPPERS : DIGITS + UPPERS),
    )
  const number = [...`${bban}${country}00`].map((each) => Number.parseInt(each, 36)).join('')
  const check = String(98n - (BigInt(number) % 97n)).padStart(2, '0')
  const text = `${country}${check}${bban}`
  const written = random.below(20)
  if (written === 0) return text.toLowerCase()
  return written < 10 ? text : text.replaceAll(/(.{4})(?=.)/g, '$1 ')
}

function usSsn(random: Random): string {
  let area = random.between(1, 899)
  if (area === 666) area = 667
  const parts = [area, random.between(1, 99), random.between(1, 9999)].map((part, at) =>
    String(part).padStart([3, 2, 4][at] as number, '0'),
  )
  return parts.join(random.one(['-', '-', '-', '-', '-', '-', ' ', ' ', '']))
}

function phone(random: Random): string {
  const digits = (count: number) => random.text(count, DIGITS)
  const exchange = () => `${random.between(2, 9)}${random.one(['02', '34', '55', '67', '90'])}`
  const forms = [
    () => `+44 20 ${digits(4)} ${digits(4)}`,
    () => `+4930${digits(8)}`,
    () => `+49 (0)170 ${digits(7)}`,
    () => `+33 6 ${digits(2)} ${digits(2)} ${digits(2)} ${digits(2)}`,
    () => `+1${exchange()}${exchange()}${digits(4)}`,
    () => `+1 (${exchange()}) ${exchange()}-${digits(4)}`,
    () => `+91-98${digits(3)}-${digits(5)}`,
    () => `+81 3-${digits(4)}-${digits(4)}`,
    () => `${exchange()}-${exchange()}-${digits(4)}`,
    () => `${exchange()}.${exchange()}.${digits(4)}`,
    () => `1-${exchange()}-${exchange()}-${digits(4)}`,
    () => `020 ${digits(4)} ${digits(4)}`,
    () => `07${digits(3)} ${digits(6)}`,
    () => `06 ${digits(2)} ${digits(2)} ${digits(2)} ${digits(2)}`,
    () => `0044 20 ${digits(4)} ${digits(4)}`,
    () => `0171/${digits(7)}`,
    () => `${exchange()}${exchange()}${digits(4)}`,
  ]
  return random.one(forms)()
}

function ip(random: Random): string {
  const octet = () => random.below(256)
  const group = () => random.between(1, 0xffff).toString(16)
  const groups = (count: number) => Array.from({ length: count }, group).join(':')
  const forms = [
    () => `${random.between(1, 255)}.${octet()}.${octet()}.${octet()}`,
    () => `${random.between(1, 255)}.${octet()}.${octet()}.${octet()}`,
    () => groups(8),
    () => `2001:db8::${groups(random.between(1, 4))}`,
    () => `fe80::${groups(4)}`,
    () => `::ffff:${octet()}.${octet()}.${octet()}.${octet()}`,
    () => `${groups(3).toUpperCase()}::1`,
  ]
  return random.one(forms)()
}

const base64url = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')

function jwt(random: Random): string {
  const [alg, signature] = random.one([
    ['HS256', 32],
    ['RS256', 256],
    ['ES256', 64],
    ['EdDSA', 64],
  ] as const)
  const header = random.one([
    { alg, typ: 'JWT' },
    { alg, kid: random.text(10, BASE62) },
    { typ: 'JWT', alg },
  ])
  const claims = { sub: random.text(12, BASE62), iat: 1_700_000_000 + random.below(1e8), aud: random.one(DOMAINS) }
  return `${base64url(header)}.${base64url(claims)}.${random.bytes(signature).toString('base64url')}`
}

const BASE32 = `${UPPERS}234567`
const awsKey = (random: Random) => random.one(['AKIA', 'ASIA']) + random.text(16, BASE32)

const gcpKey = (random: Random) =>
  random.one([
    () => `AIza${random.text(35, `${BASE62}-_`)}`,
    () => `ya29.${random.text(80, `${BASE62}-_`)}`,
    () => `GOCSPX-${random.text(28, `${BASE62}-_`)}`,
  ])()

function azureKey(random: Random): string {
  if (random.below(2) === 0) return `${random.text(3, BASE62)}8Q~${random.text(34, `${BASE62}~._-`)}`
  const key = random.bytes(64).toString('base64')
  return `${key.slice(0, 76)}+ASt${key.slice(80)}`
}

function githubToken(random: Random): string {
  if (random.below(4) === 0) return `github_pat_${random.text(22, BASE62)}_${random.text(59, BASE62)}`
  const body = random.text(30, BASE62)
  let rest = crc32(body)
  let check = ''
  for (let at = 0; at < 6; at++) {
    check = BASE62[rest % 62] + check
    rest = Math.floor(rest / 62)
  }
  return `${random.one(['ghp_', 'gho_', 'ghs_', 'ghu_', 'ghr_'])}${body}${check}`
}

const accessToken = (random: Random) =>
  random.one([
    () => `glpat-${random.text(20, `${BASE62}_-`)}`,
    () => `xoxb-${random.text(12, DIGITS)}-${random.text(24, BASE62)}`,
    () => `sk_live_${random.text(24, BASE62)}`,
    () => `npm_${random.text(36, BASE62)}`,
    () => `sk-ant-api03-${random.text(60, `${BASE62}_-`)}`,
    () => `sk-proj-${random.text(48, BASE62)}`,
  ])()

function secret(random: Random): string {
  switch (random.below(6)) {
    case 0:
      return random.bytes(random.between(24, 48)).toString('base64url')
    case 1:
      return random.text(random.between(24, 64), HEX)
    default:
      return random.text(random.between(24, 64), BASE62)
  }
}

/** The words of a key are found one by one; the label is on its body. */
export function privateKey(random: Random): { readonly before: string; readonly secret: string; readonly after: string } {
  const label = random.one(['RSA PRIVATE KEY', 'PRIVATE KEY', 'EC PRIVATE KEY', 'OPENSSH PRIVATE KEY', 'ENCRYPTED PRIVATE KEY'])
  const by = random.one(['\n', '\r\n', '\\n'])
  const body = random
    .bytes(random.between(90, 1200))
    .toString('base64')
    .replaceAll(/(.{64})(?=.)/g, `$1${by}`)
  return { before: `-----BEGIN ${label}-----${by}`, secret: body, after: `${by}-----END ${label}-----` }
}

export const POSITIVES: Readonly<Record<Exclude<Detector, 'private-key'>, (random: Random) => string>> = {
  email,
  card,
  iban,
  'us-ssn': usSsn,
  phone,
  ip,
  jwt,
  'aws-key': awsKey,
  'gcp-key': gcpKey,
  'azure-key': azureKey,
  'github-token': githubToken,
  'access-token': accessToken,
  secret,
}
