import type { Asked } from '../approvals/index.ts'
import type { Decision, Grant, Outcome, Refusal, RefusalCode, Resource, Usage } from '../operations/index.ts'

/**
 * Is told of what the guard does, so that somebody can count it. Called on the path of every operation: each call takes some nanoseconds, keeps
 * nothing of what it is given and never throws.
 */
export interface GuardMeter {
  /** Asked once per session, before it is known whether it may open. */
  at(resource: Resource): SessionMeter
}

/** The same for sessions of one resource. */
export interface SessionMeter {
  /** It is open. */
  opened(): void
  /** It was not opened. */
  refused(code: RefusalCode): void
  /** It was open and is over. */
  closed(): void
  /** One of eight decisions of a session. @param ms what it took */
  decided(ms: number): void
  /** @param ms from the call of `admit` until its intents were durable, or known not to be */
  admitted(ms: number): void
  /** What was said of one operation whose intent is durable. @param decision as the rules said it @param refusal why it is not forwarded all the same */
  answered(decision: Decision, refusal: Refusal | undefined): void
  /** @param microseconds from its admission to its outcome; 0 where it never was admitted */
  settled(outcome: Outcome, microseconds: number): void
  /** @param mask its name, or that of a detector */
  masked(mask: string, count: number): void
  /** What one call of a model used. @param model as its client names it */
  used(model: string, usage: Usage): void
  /** A connection to the target that is logged in, or why there is none. @param ms what it took */
  connected(ms: number, error: unknown): void
  /** Somebody waits for a person. */
  held(): void
  /** Nobody waits for that any more. @param ms how long it was @param end how it ended */
  released(ms: number, end: HoldEnd): void
}

/** What became of a wait: the answer, or that its client went away or is to come back. */
export type HoldEnd = Grant | Refusal | 'ticket' | Parameters<Asked['leave']>[0]
