import { byteAt, closes, isAlphanumeric, MORE, NONE, UNKNOWN, type Window } from '../bytes.ts'

/** SWIFT's IBAN registry: characters per country. */
const LENGTHS = new Map(
  (
    'AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DJ27 DK18 DO28 EE20 EG29 ES24 FI18 FK18 FO18 FR27 GB22 ' +
    'GE22 GI23 GL18 GR27 GT28 HN28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MN20 ' +
    'MR27 MT31 MU30 NI28 NL18 NO15 OM23 PK24 PL28 PS29 PT25 QA29 RO24 RS22 RU33 SA24 SC31 SD18 SE24 SI19 SK24 SM27 SO23 ST25 SV28 TL23 TN24 TR26 ' +
    'UA29 VA22 VG24 XK20 YE30'
  )
    .split(' ')
    .map((entry) => [entry.slice(0, 2), Number(entry.slice(2))]),
)

/** ISO 13616: country, its length, and the remainder of 97; in one piece, or in groups of four with single blanks. Upper case, as it is printed. */
export function iban(window: Window, start: number): number {
  const { bytes } = window
  const length = LENGTHS.get(String.fromCharCode(bytes[start] as number, bytes[start + 1] as number))
  if (length === undefined) return NONE
  const grouped = byteAt(window, start + 4) === 0x20
  let remainder = 0
  let head = 0
  let at = start
  for (let place = 0; place < length; place++, at++) {
    let byte = byteAt(window, at)
    if (grouped && place > 0 && place % 4 === 0) {
      if (byte !== 0x20) return byte === UNKNOWN ? MORE : NONE
      byte = byteAt(window, ++at)
    }
    if (byte === UNKNOWN) return MORE
    if (!isAlphanumeric(byte) || byte >= 0x61) return NONE
    // The first four come last: ISO 7064, MOD 97-10.
    if (place < 4) head = carried(head, byte)
    else remainder = carried(remainder, byte)
  }
  const closed = closes(window, at)
  if (closed !== true) return closed === MORE ? MORE : NONE
  const digitsOfHead = 6
  return (remainder * (10 ** digitsOfHead % 97) + head) % 97 === 1 ? at : NONE
}

function carried(remainder: number, byte: number): number {
  return byte >= 0x41 ? (remainder * 100 + byte - 0x37) % 97 : (remainder * 10 + byte - 0x30) % 97
}
