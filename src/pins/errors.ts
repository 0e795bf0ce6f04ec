import { CodedError, type ErrorCatalogue } from '../operations/index.ts'

export const pinErrors = {
  GS_PINS_NOTHING_SEEN: {
    meaning: 'This MCP server was never asked for its tools through the gateway, so there is nothing to look at.',
    next: 'Let a job list its tools once, which is refused and remembered; then look with: gatescribe tools diff.',
  },
  GS_PINS_UNKNOWN_TOOL: {
    meaning: 'No tool of this name was ever seen there.',
    next: 'List what was seen with: gatescribe tools ls RESOURCE.',
  },
  GS_PINS_NOTHING_NEW: {
    meaning: 'All of these tools are pinned as they are.',
    next: 'There is nothing to do; gatescribe tools ls RESOURCE shows them.',
  },
  GS_PINS_NOT_SHOWN: {
    meaning: 'What would be pinned is not what this digest stands for: the server offers something else by now, or other tools are meant.',
    next: 'Look again with gatescribe tools diff RESOURCE, and pin with the digest that it prints in the end.',
  },
  GS_PINS_NOT_PINNED: {
    meaning: 'This tool is not pinned.',
    next: 'List what is pinned with: gatescribe tools ls RESOURCE.',
  },
} as const satisfies ErrorCatalogue

export class PinError extends CodedError<keyof typeof pinErrors> {
  /** @param reason replaces the code's own sentence; holds nothing that a server said */
  constructor(code: keyof typeof pinErrors, reason?: string, options?: ErrorOptions) {
    super(code, reason ?? pinErrors[code].meaning, pinErrors[code].next, options)
  }
}
