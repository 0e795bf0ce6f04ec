import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { McpBridgeError } from './errors.ts'

const MAX_BYTES = 1024 * 1024
const text = z.string().min(1).max(4096)

/** What `gatescribe run` leaves to what the job starts; newer fields are passed over. */
const runFileSchema = z.object({
  run: text,
  ca: text.optional(),
  planes: z.object({
    mcp: z.object({ credential: text, resources: z.array(z.object({ name: text, url: text })).max(1000) }).optional(),
  }),
})

/** Where one MCP server is for this run, and what opens it. */
export interface BridgeTarget {
  readonly url: URL
  /** Never printed. */
  readonly credential: string
  /** PEM; undefined: what the system trusts. */
  readonly ca: string | undefined
}

/**
 * The MCP server of a name, as the run that this process belongs to may use it.
 * @param env `GATESCRIBE_RUN_FILE`, else `HOME`
 * @throws McpBridgeError GS_MCP_BRIDGE_NO_RUN, GS_MCP_BRIDGE_RUN_FILE, GS_MCP_BRIDGE_NO_RESOURCE
 */
export async function bridgeTarget(resource: string, env: Readonly<Record<string, string | undefined>>): Promise<BridgeTarget> {
  const path = env.GATESCRIBE_RUN_FILE || (env.HOME ? join(env.HOME, '.gatescribe', 'run.json') : undefined)
  if (path === undefined) throw new McpBridgeError('GS_MCP_BRIDGE_NO_RUN')
  const read = runFileSchema.safeParse(parse(await readPrivately(path, true)))
  if (!read.success) throw unusable(`It has not the form of a run file: ${read.error.issues[0]?.path.join('.') || 'the whole of it'}.`)
  const { planes, ca } = read.data
  const found = planes.mcp?.resources.find(({ name }) => name === resource)
  if (!planes.mcp || !found) throw new McpBridgeError('GS_MCP_BRIDGE_NO_RESOURCE')
  const url = URL.parse(found.url)
  if (url?.protocol !== 'https:') throw unusable('It names an address that is not https.')
  if (!/^[\x21-\x7e]+$/.test(planes.mcp.credential)) throw unusable('Its credential is none.')
  return { url, credential: planes.mcp.credential, ca: ca === undefined ? undefined : await readPrivately(ca, false) }
}

function parse(content: string): unknown {
  try {
    return JSON.parse(content)
  } catch (cause) {
    throw unusable('It is not JSON.', cause)
  }
}

/** The handle is judged, not the path, and a pipe in its place does not hold this up. */
async function readPrivately(path: string, secret: boolean): Promise<string> {
  const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch((cause: NodeJS.ErrnoException) => {
    if (secret && cause.code === 'ENOENT') throw new McpBridgeError('GS_MCP_BRIDGE_NO_RUN', undefined, { cause })
    throw unusable(`${path} cannot be read (${cause.code ?? 'unknown reason'}).`, cause)
  })
  try {
    const { mode, size, uid } = await handle.stat()
    if (size > MAX_BYTES) throw unusable(`${path} is larger than ${MAX_BYTES} bytes.`)
    if (secret && (mode & 0o077) !== 0) throw unusable(`Others may read ${path} (mode ${(mode & 0o777).toString(8)}).`)
    if (secret && process.getuid && uid !== process.getuid()) throw unusable(`${path} belongs to somebody else.`)
    return await handle.readFile('utf8')
  } finally {
    await handle.close()
  }
}

const unusable = (reason: string, cause?: unknown) => new McpBridgeError('GS_MCP_BRIDGE_RUN_FILE', reason, { cause })
