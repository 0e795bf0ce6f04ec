// RFC 4013 §2.1: spaces other than U+0020 become U+0020 (RFC 3454 C.1.2), these vanish (RFC 3454 B.1).
const SPACES = /[\u00a0\u1680\u2000-\u200b\u202f\u205f\u3000]/gu
const NOTHING = /\u{ad}|\u{34f}|\u{1806}|[\u{180b}-\u{180d}]|[\u{200c}\u{200d}]|\u{2060}|[\u{fe00}-\u{fe0f}]|\u{feff}/gu
// RFC 4013 §2.3: controls, private use, non-characters, surrogates, and what is inappropriate for plain text.
const PROHIBITED =
  /[\p{Cc}\p{Co}\p{Cs}\p{Noncharacter_Code_Point}\u{6dd}\u{70f}\u{180e}\u{2028}-\u{202e}\u{2061}-\u{2063}\u{206a}-\u{206f}\u{2ff0}-\u{2ffb}\u{fff9}-\u{fffd}\u{1d173}-\u{1d17a}\u{e0001}\u{e0020}-\u{e007f}]|\u{340}|\u{341}/u

/**
 * A password as SCRAM hashes it: SASLprep (RFC 4013), and where that prohibits it, unchanged, as PostgreSQL does.
 * Not checked: the rules for mixed writing directions, and code points that Unicode 3.2 had not assigned. A password
 * that violates those is normalised here and taken unchanged by PostgreSQL; they differ only where NFKC changes it.
 */
export function saslPrep(password: string): string {
  if (/^[\x20-\x7e]*$/.test(password)) return password
  const prepared = password.replace(SPACES, ' ').replace(NOTHING, '').normalize('NFKC')
  return prepared === '' || PROHIBITED.test(prepared) ? password : prepared
}
