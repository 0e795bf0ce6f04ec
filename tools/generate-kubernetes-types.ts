// Writes which field of an object of Kubernetes has which number in protobuf, and its name in JSON, from the definitions that k8s.io/api and
// k8s.io/apimachinery publish. Takes the folder that holds both as Go modules, such as ~/.cache/gatescribe/go/mod/k8s.io.
import { execFileSync } from 'node:child_process'
import { existsSync, globSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Groups whose objects clients of typed libraries write, by folder of k8s.io/api. */
const GROUPS = [
  ...['core', 'apps', 'batch', 'rbac', 'networking', 'policy', 'autoscaling', 'authentication', 'authorization', 'certificates'],
  ...['coordination', 'discovery', 'events', 'scheduling', 'storage', 'node', 'admissionregistration'],
]
const MACHINERY: Readonly<Record<string, string>> = {
  meta: 'pkg/apis/meta/v1',
  resource: 'pkg/api/resource',
  intstr: 'pkg/util/intstr',
  runtime: 'pkg/runtime',
}
const PACKAGES: readonly (readonly [RegExp, string])[] = [
  [/^k8s\.io\.api\.(\w+)\.(v\d+)\./, '$1.$2.'],
  [/^k8s\.io\.apimachinery\.pkg\.apis\.meta\.v1\./, 'meta.v1.'],
  [/^k8s\.io\.apimachinery\.pkg\.api\.resource\./, 'resource.'],
  [/^k8s\.io\.apimachinery\.pkg\.util\.intstr\./, 'intstr.'],
  [/^k8s\.io\.apimachinery\.pkg\.runtime\./, 'runtime.'],
]

const [, , modules] = process.argv
if (modules === undefined) throw new Error('say where k8s.io is, such as ~/.cache/gatescribe/go/mod/k8s.io')
const moduleOf = (name: string) => {
  const found = globSync(`${name}@*`, { cwd: modules }).sort().at(-1)
  if (found === undefined) throw new Error(`${name} is not in ${modules}`)
  return join(modules, found)
}
const api = moduleOf('api')
const machinery = moduleOf('apimachinery')

interface GoField {
  /** undefined: what it holds stands among its neighbours. */
  readonly json: string | undefined
  readonly pointer: boolean
}

/** Fields by struct and number, and the types that are lists by another name. */
function goTypes(folder: string) {
  const structs = new Map<string, Map<number, GoField>>()
  const lists = new Set<string>()
  for (const file of globSync('*.go', { cwd: folder }).filter((name) => !/_test\.go$|generated|zz_/.test(name))) {
    let fields: Map<number, GoField> | undefined
    for (const line of readFileSync(join(folder, file), 'utf8').split('\n')) {
      const [, struct] = /^type (\w+) struct \{/.exec(line) ?? []
      const [, list] = /^type (\w+) \[\]/.exec(line) ?? []
      if (list !== undefined) lists.add(list)
      if (struct !== undefined) {
        fields = new Map()
        structs.set(struct, fields)
      }
      if (line === '}') fields = undefined
      const [, before = '', tags = ''] = /^\t([^`]*)`([^`]*)`/.exec(line) ?? []
      const [, number] = /protobuf:"\w+,(\d+),/.exec(tags) ?? []
      const [, json = ''] = /json:"([^"]*)"/.exec(tags) ?? []
      if (!fields || number === undefined) continue
      const name = json.split(',')[0] ?? ''
      fields.set(Number(number), { json: name === '' ? undefined : name, pointer: /\s\*|^\*/.test(before.trim().replace(/^\w+/, ' ')) })
    }
  }
  return { structs, lists }
}

function shortName(type: string, at: string): string {
  const name = type.replace(/^\./, '')
  for (const [pattern, short] of PACKAGES) if (pattern.test(name)) return name.replace(pattern, short)
  return name.includes('.') ? name : `${at}.${name}`
}

const SCALARS = new Set(['string', 'bool', 'int32', 'int64', 'bytes', 'double'])

function messagesOf(folder: string, at: string, into: Map<string, string>): void {
  const { structs, lists } = goTypes(folder)
  const text = readFileSync(join(folder, 'generated.proto'), 'utf8').replace(/\/\/.*$/gm, '')
  for (const [, name = '', body = ''] of text.matchAll(/^message (\w+) \{([^}]*)\}/gm)) {
    const fields: string[] = lists.has(name) ? ['list'] : []
    for (const [, label = '', key, type = '', proto = '', number = ''] of body.matchAll(
      /(?:(optional|repeated)\s+)?(?:map<(\w+),\s*)?([\w.]+)>?\s+(\w+)\s*=\s*(\d+);/g,
    )) {
      const go = structs.get(name)?.get(Number(number)) ?? { json: proto, pointer: false }
      const kind = SCALARS.has(type) ? type : shortName(type, at)
      if (key !== undefined && key !== 'string') throw new Error(`${at}.${name}.${proto} has keys of ${key}`)
      const shape = key !== undefined ? '{}' : label === 'repeated' ? '[]' : go.pointer ? '*' : ''
      fields.push(`${number} ${go.json ?? '-'} ${shape}${kind}`)
    }
    into.set(`${at}.${name}`, fields.join('|'))
  }
}

const messages = new Map<string, string>()
const groups = new Map<string, string>()
for (const group of GROUPS) {
  for (const version of ['v1', 'v2']) {
    const folder = join(api, group, version)
    if (!existsSync(join(folder, 'generated.proto'))) continue
    const [, name = ''] = /const GroupName = "([^"]*)"/.exec(readFileSync(join(folder, 'register.go'), 'utf8')) ?? []
    groups.set(name, group)
    messagesOf(folder, `${group}.${version}`, messages)
  }
}
for (const [name, folder] of Object.entries(MACHINERY)) messagesOf(join(machinery, folder), name === 'meta' ? 'meta.v1' : name, messages)

const quoted = (text: string) => `'${text}'`
const lines = (entries: Iterable<readonly [string, string]>) =>
  [...entries].sort(([one], [other]) => (one < other ? -1 : 1)).map(([name, text]) => `  ${quoted(name)}: ${quoted(text)},`)
const target = join(import.meta.dirname, '../src/protocols/kubernetes/protobuf/generated.ts')
writeFileSync(
  target,
  [
    `// Made by tools/generate-kubernetes-types.ts from ${api.split('/').at(-1)} and ${machinery.split('/').at(-1)} of k8s.io; not to be changed by hand.`,
    '',
    '/** Packages of groups of the API, by name. */',
    'export const GROUPS: Readonly<Record<string, string>> = {',
    ...lines(groups),
    '}',
    '',
    '/**',
    ' * Fields of messages, `number name type` each: `-` for a name is one that stands among its neighbours in JSON; `[]` before a type is a list, `{}` a map by',
    ' * text, `*` one that is there where it is said, and otherwise is left out where it is empty. `list`: in JSON it is what its one field holds.',
    ' */',
    'export const MESSAGES: Readonly<Record<string, string>> = {',
    ...lines(messages),
    '}',
    '',
  ].join('\n'),
)
execFileSync(process.execPath, [join(import.meta.dirname, 'node/run.js'), 'biome', 'check', '--write', target], { stdio: 'inherit' })
console.log(`${messages.size} messages of ${groups.size} groups`)
