import { appendFileSync } from 'node:fs'

/*
 * Tests that kill and fail things are short and seeded in CI. With GATESCRIBE_SOAK=<seconds> each of them goes on for that long;
 * `npm run soak` runs them all so, and writes docs/reliability.md. GATESCRIBE_SEED is the seed of either form.
 */
const SECONDS = process.env.GATESCRIBE_SOAK === undefined ? undefined : Number(process.env.GATESCRIBE_SOAK)
if (SECONDS !== undefined && !(SECONDS > 0)) throw new RangeError('GATESCRIBE_SOAK is the seconds that each long test takes')

/** The seed that was asked for, else the test's own. */
export function seedOr(own: number): number {
  return process.env.GATESCRIBE_SEED === undefined ? own : Number(process.env.GATESCRIBE_SEED)
}

/** How long the test goes on, ms: the short form's own time, or that of the long form. */
export function durationOr(short: number): number {
  return SECONDS === undefined ? short : SECONDS * 1000
}

/** A size rather than a time: that of the short form, or that of the long one. */
export function sizeOr(short: number, long: number): number {
  return SECONDS === undefined ? short : long
}

/** Counts from 0: the short form's own rounds, or as many as begin within the time of the long form. */
export function* rounds(short: number): Generator<number> {
  const until = performance.now() + (SECONDS ?? 0) * 1000
  for (let round = 0; SECONDS === undefined ? round < short : performance.now() < until; round++) yield round
}

/** For a test that takes `short` ms in CI; a round that began in time may end later. */
export function patience(short: number): number {
  return SECONDS === undefined ? short : SECONDS * 1000 + 120_000
}

/** What a test has shown, for people and, in the long form, for the report. @param test its path, from the root of the project */
export function shown(test: string, numbers: Readonly<Record<string, number>>): void {
  console.log(`${test}: ${JSON.stringify(numbers)}`)
  if (process.env.GATESCRIBE_SOAK_REPORT) appendFileSync(process.env.GATESCRIBE_SOAK_REPORT, `${JSON.stringify({ test, numbers })}\n`)
}
