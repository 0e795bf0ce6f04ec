/** What the name of a column says that it holds: a detector's name, or what no detector finds. */
export type ColumnHint = (typeof HINTS)[number][0]

/**
 * Words of a name, in lower case and joined by one space, that say what a column holds. The first that matches counts: a `card_ip` is an address of
 * a network as much as it is a card, and either way somebody looks at it.
 */
const HINTS = [
  ['email', /\b(e ?mails?|mail address)\b/],
  ['phone', /\b(phones?|telephone|tel|mobile|cell ?phone|fax|msisdn|whatsapp)\b/],
  ['card', /\b(card (number|no|num)|cc (number|no|num)|credit ?card|debit ?card|pan|cvv|cvc)\b/],
  ['iban', /\b(iban|bank account|account (number|no)|sort code|bic|swift)\b/],
  ['us-ssn', /\b(ssn|social security( number| no)?)\b/],
  ['ip', /\b(ip|ipv4|ipv6|ip addr(ess)?|remote addr(ess)?|client addr(ess)?)\b/],
  [
    'secret',
    /\b(passwords?|passwd|pwd|passphrase|secrets?|api ?keys?|private ?keys?|access ?keys?|(access|auth|refresh|session|api|bearer) tokens?|token|credentials?|otp|totp|pin)\b/,
  ],
  ['birth', /\b(birth ?da(y|te)|date of birth|dob|born( on| at)?)\b/],
  [
    'identity',
    /\b(passport|national id|identity card|driving licen[cs]e|drivers? licen[cs]e|tax (id|no|number)|tin|vat (id|no|number)|nin|nino|cpf|bsn)\b/,
  ],
  ['address', /\b(street|postal address|home address|address( line)?( ?\d)?|zip( code)?|post ?code|postal code)\b/],
  [
    'person',
    /\b((first|last|middle|given|family|full|maiden|display|sur|customer|patient|person|contact|holder|cardholder) ?name|surname|forename)\b/,
  ],
] as const satisfies readonly (readonly [string, RegExp])[]

/** @param name as the database has it: `contactEmail`, `EMAIL_2`, `cust-phone`. @returns undefined where it says nothing of this kind */
export function columnHint(name: string): ColumnHint | undefined {
  const words = name
    .slice(0, LONGEST)
    .replace(/([\p{Ll}\d])(\p{Lu})/gu, '$1 $2')
    .replace(/([\p{L}])(\d)/gu, '$1 $2')
    .toLowerCase()
    .replace(/[^\p{L}\d]+/gu, ' ')
    .trim()
  return HINTS.find(([, says]) => says.test(words))?.[0]
}

/** PostgreSQL's names have 63 bytes; what comes is not trusted to be one. */
const LONGEST = 256
