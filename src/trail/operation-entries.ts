import type { ApprovalId, Outcome } from '../operations/index.ts'
import type { HistoryRow } from './history-payload.ts'

/*
 * The fields of `operation.intent` and `operation.outcome`. They are the trail's because recovery reads them; the guard writes them.
 * What does not change is said once per session and referred to by number, so that a repeated execution costs one short row.
 */

/**
 * One operation: `[n, statement, decision]`, with the form behind it where that is not `bind`.
 * `n` counts a session's operations from 1 without a hole; `statement` and `decision` are the session's own numbers for what was said once.
 * Content: payload `statement.<statement>` in the entry that uses the number first; `parameters.<n>` where there are any.
 */
export type OperationRow =
  | readonly [n: number, statement: number, decision: number]
  | readonly [n: number, statement: number, decision: number, form: string]

/**
 * A decision, said in the first entry that refers to it: `[decision, effect, rules, policy]`, with the number of the facts behind it that
 * it was made on: payload `facts.<facts>` in the entry that uses that number first.
 */
export type DecisionRow =
  | readonly [decision: number, effect: 'allow' | 'ask' | 'deny', rules: readonly string[], policy: string]
  | readonly [decision: number, effect: 'allow' | 'ask' | 'deny', rules: readonly string[], policy: string, facts: number]

/** An operation that is another one's second attempt by another way: `[n, session, its number there]`. */
export type RetryRow = readonly [n: number, session: string, operation: number]

/**
 * What the client of an operation said of itself, by the session's own number of it: payload `claims.<claims>`, JSON of names and words, in the entry
 * that uses the number first. Claimed, never proven.
 */
export type ClaimsRow = readonly [n: number, claims: number]

/** `operation.intent`: what one session asked in one read, in order. Durable before any of it is forwarded. */
export type IntentFields = {
  readonly session: string
  readonly ops: readonly OperationRow[]
  readonly decisions?: readonly DecisionRow[]
  readonly retries?: readonly RetryRow[]
  /** Of operations without one, nothing was said. */
  readonly claims?: readonly ClaimsRow[]
  /** What its run said before, or says here in payloads `history.<n>`, and is cut out of the statements that this entry says first. */
  readonly histories?: readonly HistoryRow[]
  /** The approval that was spent for those of them that ask; `approval.used` stands before it. Those that are only prepared need none. */
  readonly approval?: ApprovalId
  /** The opening of break-glass under which those of them that rules deny or ask about happened all the same, but for what was refused. */
  readonly breakGlass?: `bgl_${string}`
}

/** How one operation ended: `[n, status, rows, bytes, microseconds]`, with what the target called it behind it: see `Outcome.code`. */
export type OutcomeRow =
  | readonly [n: number, status: Outcome['status'], rows: number, bytes: number, us: number]
  | readonly [n: number, status: Outcome['status'], rows: number, bytes: number, us: number, code: string]

/**
 * What was masked of one operation before its client saw it, by mask and column or detector: cells, or places in them; never a value. With
 * both names empty: how often there was more of it.
 */
export type MaskedRow = readonly [n: number, mask: string, what: string, count: number]

/**
 * What calls of models used, as their provider said: tokens in, tokens out, and of those in what it had cached; then what that costs, in
 * millionths of the currency behind it, where the model has a price.
 */
export type UsageRow =
  | readonly [n: number, input: number, output: number, cached: number]
  | readonly [n: number, input: number, output: number, cached: number, micros: number, currency: string]

/** `operation.outcome`: up to 256 endings of one session. */
export type OutcomeFields = {
  readonly session: string
  readonly outcomes: readonly OutcomeRow[]
  /** Of operations that end in this entry. Absent: nothing was masked. */
  readonly masked?: readonly MaskedRow[]
  /** Of operations that end in this entry. */
  readonly usage?: readonly UsageRow[]
}

/** The most rows that one `operation.outcome` holds. */
export const MAX_OUTCOMES = 256

/** `session.open`; the guard adds what it knows of run, resource and client. */
export type SessionOpenFields = { readonly session: string }

/** `session.close`; `unknown` is written by recovery for sessions that a crash ended. */
export type SessionCloseFields = { readonly session: string; readonly reason: string }
