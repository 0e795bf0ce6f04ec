import { type CodedError, Refusal } from '../../../operations/index.ts'

/** A "no" in our own form, as JSON: the code for machines, what happened for people, the next step for agents. */
export function errorBody(error: CodedError): Buffer {
  const { code, message, next } = error
  const { rule, ticket } = error instanceof Refusal ? error : { rule: undefined, ticket: undefined }
  return Buffer.from(
    `${JSON.stringify({ error: { code, message, next, ...(rule !== undefined && { rule }), ...(ticket !== undefined && { approval: ticket }) } })}\n`,
  )
}
