import { createHash } from 'node:crypto'
import { BASE62, DIGITS, HEX, LOWERS, type Random, UPPERS } from './random.ts'

const WORDS =
  'the order was shipped on time and customer asked for another invoice because address of warehouse changed since last review'.split(' ')
const date = (random: Random) => new Date(1_600_000_000_000 + random.below(3e8) * 1000).toISOString()
const uuid = (random: Random) =>
  `${random.text(8, HEX)}-${random.text(4, HEX)}-4${random.text(3, HEX)}-a${random.text(3, HEX)}-${random.text(12, HEX)}`

/** What looks like what is looked for and is not: none of these is anybody's secret or personal. */
export const NEGATIVES: Readonly<Record<string, (random: Random) => string>> = {
  prose: (random) => Array.from({ length: 12 }, () => random.one(WORDS)).join(' '),
  'order number': (random) =>
    random.one([
      () => random.text(16, DIGITS),
      () => random.text(10, DIGITS),
      () => `ORD-${random.text(4, DIGITS)}-${random.text(6, DIGITS)}`,
      () => `${random.text(3, DIGITS)}-${random.text(7, DIGITS)}-${random.text(7, DIGITS)}`,
    ])(),
  barcode: (random) => `4${random.text(12, DIGITS)}`,
  version: (random) =>
    random.one([
      () => `v${random.below(20)}.${random.below(30)}.${random.below(9)}.${random.below(9)}`,
      () => `version ${random.below(20)}.${random.below(30)}.${random.below(9)}.${random.below(9)}`,
      () => `${random.below(20)}.${random.below(30)}.${random.below(99)}-rc.${random.below(9)}`,
      () => `10.0.${random.between(10000, 20000)}.${random.below(999)}`,
    ])(),
  'user agent': (random) =>
    `Mozilla/5.0 (X11; Linux x86_64) Chrome/${random.between(90, 130)}.0.${random.below(255)}.${random.below(255)} Safari/537.36`,
  hash: (random) =>
    createHash(random.one(['md5', 'sha1', 'sha256', 'sha512']))
      .update(random.text(9, LOWERS))
      .digest('hex'),
  'hash in base64': (random) =>
    random.one(['sha256', 'sha384', 'sha512'].map((of) => `${of}-${createHash(of).update(random.text(9, LOWERS)).digest('base64')}`)),
  uuid,
  timestamp: (random) =>
    random.one([
      date(random),
      String(1_600_000_000_000 + random.below(3e8) * 1000),
      date(random).replace('T', ' ').replace('Z', '+02'),
      `${random.between(10, 23)}:${random.between(10, 59)}:${random.between(10, 59)}`,
    ]),
  amount: (random) =>
    random.one([
      `${random.below(999)},${random.text(3, DIGITS)}.${random.text(2, DIGITS)}`,
      `${random.below(99999)}.${random.text(4, DIGITS)}`,
      `-${random.below(99999)}`,
    ]),
  'mac address': (random) => Array.from({ length: 6 }, () => random.text(2, HEX)).join(':'),
  fingerprint: (random) =>
    Array.from({ length: 20 }, () => random.text(2, HEX))
      .join(':')
      .toUpperCase(),
  'id of twenty digits': (random) => random.text(random.between(17, 20), DIGITS),
  'part number': (random) => `${random.text(3, UPPERS)}-${random.text(3, DIGITS)}-${random.text(4, DIGITS)}`,
  'nine digits': (random) => random.text(9, DIGITS),
  path: (random) =>
    `/usr/lib/${random.text(8, LOWERS)}/${random.text(5, LOWERS)}-${random.below(9)}.${random.below(9)}/${random.text(12, LOWERS)}.so.${random.below(9)}`,
  url: (random) =>
    `https://www.example.com/${random.text(8, LOWERS)}/${random.below(1e6)}?page=${random.below(99)}&sort=${random.text(5, LOWERS)}`,
  'text in base64': (random) => Buffer.from(Array.from({ length: 8 }, () => random.one(WORDS)).join(' ')).toString('base64'),
  'picture at scale': (random) => `${random.text(6, LOWERS)}@${random.one(['2x', '3x'])}.png`,
  package: (random) => `@${random.text(5, LOWERS)}/${random.text(6, LOWERS)}@${random.below(9)}.${random.below(9)}.${random.below(9)}`,
  'git remote': (random) => `git@github.com:${random.text(6, LOWERS)}/${random.text(6, LOWERS)}.git`,
  code: (random) => random.one(['std::vector<int>', 'now()::timestamptz', 'Foo::Bar::baz', 'array[1:3]', 'a ? b::c : d', 'x = f(1, 2, 3)']),
  identifier: (random) =>
    `${random.one(WORDS)}${random.one(WORDS).toUpperCase()}For${random.one(['Customer', 'Invoice', 'Warehouse'])}AndReview${random.below(99)}`,
  'a name with no secret': (random) =>
    `${random.one(['password_changed_at', 'token_count', 'max_tokens', 'secret_name', 'key'])}=${random.below(1e6)}`,
  'product code': (random) => `${random.text(2, UPPERS)}${random.text(2, DIGITS)} ${random.text(4, DIGITS)} ${random.text(4, DIGITS)}`,
  'ulid or object id': (random) =>
    random.one([
      () => `01${random.text(24, '0123456789ABCDEFGHJKMNPQRSTVWXYZ')}`,
      () => random.text(24, HEX),
      () => random.text(11, BASE62),
    ])(),
  coordinates: (random) => `${random.below(90)}.${random.text(6, DIGITS)}, -${random.below(180)}.${random.text(6, DIGITS)}`,
  // Nobody can tell these from what they look like; they say what that costs.
  'version without a word': (random) => `libexample ${random.below(20)}.${random.below(30)}.${random.below(9)}.${random.below(9)}`,
  'row of numbers': (random) => Array.from({ length: random.between(4, 8) }, () => random.text(4, DIGITS)).join(' '),
  'public id by chance': (random) =>
    random.one([`https://docs.example.com/d/${random.text(44, BASE62)}/edit`, `cursor=${random.text(32, BASE62)}`]),
}
