import { type Money, moneyText } from '../operations/index.ts'
import type { Choice } from './chosen-resource.ts'
import type { Removal } from './passed-environment.ts'

/** What a run came to at one resource. */
export interface ResourceNumbers {
  readonly name: string
  readonly sessions: number
  /** Those that no rule let it open. */
  readonly sessionsRefused: number
  /** All of them, whatever became of them. */
  readonly operations: number
  readonly refused: number
  /** Operations that a rule asks people about. */
  readonly held: number
  /** Values that its clients saw masked. */
  readonly masked: number
}

/** What calls of models came to, as their providers said. */
export interface ModelNumbers {
  readonly calls: number
  readonly inputTokens: number
  readonly outputTokens: number
  readonly money: readonly Money[]
}

/** What becomes of a receipt. */
export type ReceiptStanding =
  | { readonly state: 'verified' | 'unverified' | 'wrong'; readonly path: string; readonly why?: string }
  | { readonly state: 'missing'; readonly why: string }

/** What is said of a run once its job has ended. */
export interface RunSummary {
  readonly run: string
  /** The token door. */
  readonly gateway: string
  /** Where the identity was found. */
  readonly identity: string
  /** How it ended; undefined where the gateway could not say. */
  readonly state: string | undefined
  readonly exitCode: number
  readonly seconds: number
  /** Undefined where the gateway could not say. */
  readonly resources: readonly ResourceNumbers[] | undefined
  /** Absent where no model was called. */
  readonly usage?: ModelNumbers | undefined
  readonly removed: Readonly<Record<Removal, readonly string[]>>
  /** Names that were passed on though they look like credentials. */
  readonly credentials: readonly string[]
  readonly choices: readonly Choice[]
  readonly receipt: ReceiptStanding | undefined
  readonly overEarly: string | undefined
  readonly notEnded: string | undefined
}

const WHY_REMOVED: Readonly<Record<Removal, string>> = {
  identity: 'prove who the job is',
  cloud: 'open a cloud or an agent of the caller',
  'ci-commands': 'speak to later CI steps',
  credential: 'look like credentials',
  elsewhere: 'lead clients past the gateway',
  unnamed: 'are not on the list (--pass NAME)',
}

/** Names that are said of a kind in text; the JSON has all. */
const SAID = 8

/** For people, a line each. */
export function summaryLines(summary: RunSummary): readonly string[] {
  const { run, exitCode, seconds, resources, credentials, choices } = summary
  return [
    `run ${run} ${endOf(summary)} after ${duration(seconds)}; the job's exit code is ${exitCode}.`,
    ...(resources ?? []).map((each) => `  ${each.name}: ${numbersOf(each)}`),
    ...(resources === undefined || resources.length === 0 ? [`  ${noNumbers(summary)}`] : []),
    ...usageLines(summary).map((line) => `  ${line}`),
    ...choices
      .filter(({ others }) => others.length > 0)
      .map(({ what, resource, others }) => `  ${what}: ${resource}; there was also ${others.join(', ')} (--resource NAME).`),
    ...removedLines(summary).map((line) => `  removed from its environment: ${line}`),
    ...(credentials.length === 0 ? [] : [`  passed on as asked, though they look like credentials: ${listed(credentials)}`]),
    ...receiptLine(summary),
    `  look: gatescribe runs show ${run}`,
  ]
}

/** Of those lines what went wrong, which is said also where nothing else is to be. */
export function troubleLines(summary: RunSummary): readonly string[] {
  const { overEarly, notEnded, receipt, run } = summary
  return [
    ...(overEarly === undefined && notEnded === undefined ? [] : [`run ${run} ${endOf(summary)}.`]),
    ...(receipt?.state === 'wrong' || receipt?.state === 'missing' ? receiptLine(summary).map((line) => line.trim()) : []),
  ]
}

/** For GitHub's step summary. Names come from configurations and environments: all of them stand in code spans, without what ends one. */
export function summaryMarkdown(summary: RunSummary): string {
  const { run, gateway, exitCode, seconds, resources = [], identity } = summary
  const rows = resources.map(
    ({ name, sessionsRefused, operations, refused, held, masked }) =>
      `| ${code(name)} | ${operations - refused} | ${refused + sessionsRefused} | ${held} | ${masked} |`,
  )
  const table = ['| resource | allowed | refused | held for approval | values masked |', '|---|---:|---:|---:|---:|', ...rows]
  const removed = removedLines(summary)
  return [
    `### Gatescribe: ${code(run)} ${endOf(summary, code)}`,
    '',
    `${duration(seconds)}, exit code ${exitCode}; identity: ${code(identity)}; gateway: ${code(gateway)}.`,
    '',
    ...(rows.length > 0 ? table : [noNumbers(summary)]),
    '',
    ...usageLines(summary).flatMap((line) => [`${line}.`, '']),
    ...(removed.length === 0 ? [] : ['Removed from its environment:', '', ...removed.map((line) => `- ${code(line)}`), '']),
    ...receiptLine(summary).map((line) => code(line.trim())),
    '',
    `Look: ${code(`gatescribe runs show ${run}`)}`,
    '',
  ].join('\n')
}

/** For programs: docs/run.md says what is in it. */
export function summaryJson(summary: RunSummary): Record<string, unknown> {
  const { resources, receipt, overEarly, notEnded, state, ...rest } = summary
  return {
    ...rest,
    state: state ?? null,
    resources: resources?.map((each) => ({ ...each, allowed: each.operations - each.refused })) ?? null,
    receipt: receipt ?? null,
    ...(overEarly !== undefined && { overEarly }),
    ...(notEnded !== undefined && { notEnded }),
  }
}

function usageLines({ usage }: RunSummary): string[] {
  if (usage === undefined) return []
  const { calls, inputTokens, outputTokens, money } = usage
  return [
    [`models: ${calls} call${calls === 1 ? '' : 's'}`, `${inputTokens} tokens in`, `${outputTokens} out`, ...money.map(moneyText)].join(
      ', ',
    ),
  ]
}

function noNumbers({ resources, state }: RunSummary): string {
  if (resources !== undefined) return 'It opened nothing at the gateway.'
  return state === 'live' ? 'What it came to is told at its end.' : 'The gateway did not say what it came to.'
}

/** @param said how the gateway's own words are written */
function endOf({ state, overEarly, notEnded }: RunSummary, said = (text: string) => text): string {
  if (overEarly !== undefined) return `was over before its job (${said(state === undefined || state === 'live' ? overEarly : state)})`
  if (state === 'live') return 'goes on, for later steps,'
  if (notEnded !== undefined) return 'could not be ended, and ends by itself within minutes,'
  return 'ended'
}

function numbersOf({ sessionsRefused, operations, refused, held, masked }: ResourceNumbers): string {
  const parts = [`${operations - refused} allowed`, `${refused} refused`, `${held} held for approval`, `${masked} values masked`]
  return [...parts, ...(sessionsRefused === 0 ? [] : [`${sessionsRefused} sessions refused`])].join(', ')
}

function removedLines({ removed }: RunSummary): string[] {
  const kinds = Object.keys(WHY_REMOVED) as Removal[]
  return kinds.flatMap((kind) => (removed[kind].length === 0 ? [] : [`${listed(removed[kind])} – ${WHY_REMOVED[kind]}`]))
}

function listed(names: readonly string[]): string {
  const more = names.length - SAID
  return more > 1 ? `${names.slice(0, SAID).join(', ')} and ${more} more` : names.join(', ')
}

function receiptLine({ receipt }: RunSummary): string[] {
  if (receipt === undefined) return []
  if (receipt.state === 'missing') return [`  no receipt: ${receipt.why}`]
  const standing = { verified: 'verified', unverified: 'not verified', wrong: 'DOES NOT VERIFY' }[receipt.state]
  return [`  receipt: ${receipt.path}, ${standing}${receipt.why === undefined ? '' : ` (${receipt.why})`}`]
}

function duration(seconds: number): string {
  if (seconds < 90) return `${Math.round(seconds)} s`
  const minutes = Math.round(seconds / 60)
  return minutes < 90 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}

/** A code span that nothing in it can end, and that breaks no table. */
function code(text: string): string {
  return `\`${text.replace(/[`|\p{Cc}\p{Cf}\u2028\u2029]/gu, '?')}\``
}
