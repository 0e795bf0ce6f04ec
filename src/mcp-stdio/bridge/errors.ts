import { CodedError, type ErrorCatalogue } from '../../operations/index.ts'

export const mcpBridgeErrors = {
  GS_MCP_BRIDGE_NO_RUN: {
    meaning: 'This command was not started within a run, so nothing opens the gateway.',
    next: 'Start the job with gatescribe run -- …, or name a run file in GATESCRIBE_RUN_FILE.',
  },
  GS_MCP_BRIDGE_RUN_FILE: {
    meaning: 'The run file cannot be used.',
    next: 'Start the job anew with gatescribe run; the file is to be readable by its owner only.',
  },
  GS_MCP_BRIDGE_NO_RESOURCE: {
    meaning: 'This run has no MCP server of this name.',
    next: 'Name a resource of kind mcp that some rule lets this job use.',
  },
  GS_MCP_BRIDGE_UNREACHABLE: {
    meaning: 'The gateway does not answer.',
    next: 'Retry once; report that the gateway cannot be reached if it stays so.',
  },
  GS_MCP_BRIDGE_BAD_ANSWER: {
    meaning: 'What answered does not speak MCP.',
    next: 'Report that this MCP server, or the way to it, does not work; do not retry.',
  },
  GS_MCP_BRIDGE_BROKEN_OFF: {
    meaning: 'The answer broke off before it was complete; whether the request was carried out is not known.',
    next: 'Look at what became of it before you try again.',
  },
  GS_MCP_BRIDGE_SESSION_OVER: {
    meaning: 'The session with this MCP server is over.',
    next: 'Connect anew: initialize first.',
  },
  GS_MCP_BRIDGE_TOO_MANY: {
    meaning: 'Too many requests wait for an answer.',
    next: 'Wait for some of the answers first.',
  },
  GS_MCP_BRIDGE_LINE: {
    meaning: 'A line of the client is no message of MCP.',
    next: 'Send one JSON-RPC message per line, of at most 4 MiB.',
  },
} as const satisfies ErrorCatalogue

/** What the gateway refused, in its own words. */
export class GatewayRefusal extends CodedError {}

export class McpBridgeError extends CodedError<keyof typeof mcpBridgeErrors> {
  /** @param reason replaces the code's own sentence; never holds a credential */
  constructor(code: keyof typeof mcpBridgeErrors, reason?: string, options?: ErrorOptions) {
    super(code, reason ?? mcpBridgeErrors[code].meaning, mcpBridgeErrors[code].next, options)
  }
}
