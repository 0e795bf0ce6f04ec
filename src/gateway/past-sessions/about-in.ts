import type { PastAbout } from '../../api/local/index.ts'

const MOST = 8

/** @param content of a payload `facts.<n>`. @returns what an operation was about, in few words; undefined where it says nothing */
export function aboutIn(content: Uint8Array): PastAbout | undefined {
  const { effects, sql, k8s, http, model, tool, egress } = record(parsed(content))
  const actions = [...new Set(list(effects).map((effect) => record(effect).action))].filter(isText).slice(0, MOST)
  const what =
    ofModel(record(model)) ?? ofTool(record(tool)) ?? ofCluster(record(k8s)) ?? ofSql(record(sql)) ?? ofHost(record(egress), record(http))
  const tools = list(record(model).toolCalls).filter(isText).slice(0, MOST)
  return actions.length === 0 && what === undefined
    ? undefined
    : { actions, ...(what !== undefined && { what }), ...(tools.length > 0 && { toolCalls: tools }) }
}

type Fields = Readonly<Record<string, unknown>>

const ofModel = ({ model }: Fields) => (isText(model) ? model : undefined)
const ofTool = ({ name, uri, method }: Fields) => [name, uri, method].find(isText)
const ofHost = ({ host, port }: Fields, { path }: Fields) => (isText(host) ? `${host}:${String(port)}` : isText(path) ? path : undefined)

function ofCluster({ resource, namespace, name, path }: Fields): string | undefined {
  const parts = [namespace, resource, name].filter(isText)
  return parts.length > 0 ? parts.join('/') : isText(path) ? path : undefined
}

function ofSql({ reads, writes }: Fields): string | undefined {
  const names = [...new Set([...list(writes), ...list(reads)])].filter(isText)
  return names.length > 0 ? names.slice(0, MOST).join(', ') : undefined
}

function parsed(content: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(content).toString('utf8'))
  } catch {
    return undefined
  }
}

const isText = (value: unknown): value is string => typeof value === 'string' && value !== ''
const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])
const record = (value: unknown): Fields => (typeof value === 'object' && value !== null ? (value as Fields) : {})
