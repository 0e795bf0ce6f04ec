/** Parts of a moment as a time zone counts them. Made once per zone; zones stand in rules, so it does not grow with use. */
const formats = new Map<string, Intl.DateTimeFormat>()

/** @returns whether the runtime knows this IANA zone or fixed offset */
export function isZone(zone: string): boolean {
  try {
    format(zone)
    return true
  } catch {
    return false
  }
}

function format(zone: string): Intl.DateTimeFormat {
  let known = formats.get(zone)
  if (known === undefined) {
    const numeric = 'numeric'
    known = new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      calendar: 'gregory',
      hourCycle: 'h23',
      year: numeric,
      month: numeric,
      day: numeric,
      hour: numeric,
      minute: numeric,
      second: numeric,
    })
    formats.set(zone, known)
  }
  return known
}

function part(moment: Date, zone: string, name: Intl.DateTimeFormatPartTypes): number {
  return Number(
    format(zone)
      .formatToParts(moment)
      .find(({ type }) => type === name)?.value,
  )
}

/** CEL's accessors of a timestamp with a time zone: months, days of the month (but for getDate) and days of the week count from 0. */
export const inZone: Readonly<Record<string, (moment: Date, zone: string) => bigint>> = {
  getFullYear: (moment, zone) => BigInt(part(moment, zone, 'year')),
  getMonth: (moment, zone) => BigInt(part(moment, zone, 'month') - 1),
  getDate: (moment, zone) => BigInt(part(moment, zone, 'day')),
  getDayOfMonth: (moment, zone) => BigInt(part(moment, zone, 'day') - 1),
  getDayOfWeek: (moment, zone) => BigInt(dayOfWeek(moment, zone)),
  getHours: (moment, zone) => BigInt(part(moment, zone, 'hour')),
  getMinutes: (moment, zone) => BigInt(part(moment, zone, 'minute')),
  getSeconds: (moment, zone) => BigInt(part(moment, zone, 'second')),
}

function dayOfWeek(moment: Date, zone: string): number {
  return new Date(Date.UTC(part(moment, zone, 'year'), part(moment, zone, 'month') - 1, part(moment, zone, 'day'))).getUTCDay()
}
