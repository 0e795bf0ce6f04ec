import { CodedError, type ErrorCatalogue } from '../../operations/index.ts'

export const mcpErrors = {
  GS_MCP_MALFORMED: {
    meaning: 'This is no message of MCP, or one that clients and servers read differently.',
    next: 'Send one JSON-RPC 2.0 message with an ordinary MCP client, as that writes it.',
  },
  GS_MCP_BATCH: {
    meaning: 'A batch of messages is not carried.',
    next: 'Send each message in a request of its own.',
  },
  GS_MCP_MESSAGE_TOO_LARGE: {
    meaning: 'The message is larger than what the gateway reads.',
    next: 'Send less than 3 MiB at once.',
  },
  GS_MCP_TYPE: {
    meaning: 'A message is sent as application/json, without an encoding.',
    next: 'Send `Content-Type: application/json` and no Content-Encoding.',
  },
  GS_MCP_ORIGIN: {
    meaning: 'A web page of another origin sent this request.',
    next: 'Connect with an MCP client that is no web page, or from a page of the same origin.',
  },
  GS_MCP_PATH: {
    meaning: 'Nothing of MCP is at this path.',
    next: 'Use the URL of the resource as you were given it, with nothing behind it.',
  },
  GS_MCP_METHOD: {
    meaning: 'This method of HTTP is not for this dialect of MCP.',
    next: 'Send messages by POST. GET and DELETE are for the dialects before 2026-07-28.',
  },
  GS_MCP_VERSION: {
    meaning: 'The gateway does not know this version of MCP.',
    next: 'Use one of the versions that `data.supported` lists.',
  },
  GS_MCP_HEADERS: {
    meaning: 'The headers of the request say something else than the message.',
    next: 'Send MCP-Protocol-Version, Mcp-Method, Mcp-Name and Mcp-Param-… as the message has them, each once; list the tools anew if a schema may have changed.',
  },
  GS_MCP_DUPLICATE_ID: {
    meaning: 'A request with this id is still under way in this session.',
    next: 'Give each request an id of its own.',
  },
  GS_MCP_SESSION_UNKNOWN: {
    meaning: 'This session of MCP is not one of this run, or it is over.',
    next: 'Begin anew, with initialize and without a session id.',
  },
  GS_MCP_RESPONSE_UNASKED: {
    meaning: 'Nobody asked for this response.',
    next: 'Answer only what the server asked in this session, once.',
  },
  GS_MCP_ANSWER: {
    meaning: 'The MCP server answered in a way that cannot be passed on.',
    next: 'Try again; if it stays so, report it to the operator of the gateway.',
  },
  GS_MCP_REDIRECT: {
    meaning: 'The MCP server sends clients to another address, and the gateway does not follow.',
    next: 'Ask the operator to configure the address at which the server answers.',
  },
  GS_MCP_CANCELLED: {
    meaning: 'The client cancelled this request.',
    next: 'Send it again if it is still wanted.',
  },
} as const satisfies ErrorCatalogue

export type McpErrorCode = keyof typeof mcpErrors

interface Spoken {
  /** Of the answer in HTTP. */
  readonly status: number
  /** Of JSON-RPC (5.1), and of MCP 2026-07-28, "Error codes". */
  readonly rpc: number
}

const SPOKEN: Readonly<Record<McpErrorCode, Spoken>> = {
  GS_MCP_MALFORMED: { status: 400, rpc: -32600 },
  GS_MCP_BATCH: { status: 400, rpc: -32600 },
  GS_MCP_MESSAGE_TOO_LARGE: { status: 413, rpc: -32600 },
  GS_MCP_TYPE: { status: 415, rpc: -32600 },
  GS_MCP_ORIGIN: { status: 403, rpc: -32600 },
  GS_MCP_PATH: { status: 404, rpc: -32600 },
  GS_MCP_METHOD: { status: 405, rpc: -32600 },
  GS_MCP_VERSION: { status: 400, rpc: -32022 },
  GS_MCP_HEADERS: { status: 400, rpc: -32020 },
  GS_MCP_DUPLICATE_ID: { status: 400, rpc: -32600 },
  GS_MCP_SESSION_UNKNOWN: { status: 404, rpc: -32600 },
  GS_MCP_RESPONSE_UNASKED: { status: 400, rpc: -32600 },
  GS_MCP_ANSWER: { status: 502, rpc: -32603 },
  GS_MCP_REDIRECT: { status: 502, rpc: -32603 },
  GS_MCP_CANCELLED: { status: 200, rpc: -32603 },
}

/** What the plane of MCP says that is neither the guard's nor the target's. */
export class McpError extends CodedError<McpErrorCode> {
  readonly status: number
  readonly rpc: number

  /** @param reason says what is wrong, in our own words; default: the code's sentence */
  constructor(code: McpErrorCode, reason?: string, options?: ErrorOptions) {
    super(code, reason ?? mcpErrors[code].meaning, mcpErrors[code].next, options)
    this.status = SPOKEN[code].status
    this.rpc = SPOKEN[code].rpc
  }
}
