import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Case } from './case.ts'
import type { Place } from './place.ts'

/** Writes a chart of one ConfigMap and one Secret; @returns its folder */
function chart(at: Place): string {
  const folder = join(at.folder, 'shop')
  mkdirSync(join(folder, 'templates'), { recursive: true })
  at.file('shop/Chart.yaml', { apiVersion: 'v2', name: 'shop', version: '1.0.0', appVersion: '1' })
  at.file('shop/values.yaml', { colour: 'red' })
  at.file(
    'shop/templates/all.yaml',
    `apiVersion: v1
kind: ConfigMap
metadata: { name: {{ .Release.Name }}-settings }
data: { colour: {{ .Values.colour | quote }} }
---
apiVersion: v1
kind: Secret
metadata: { name: {{ .Release.Name }}-key }
stringData: { key: geheim }
`,
  )
  at.file('shop/templates/NOTES.txt', 'Painted {{ .Values.colour }} on {{ .Capabilities.KubeVersion.Version }}.\n')
  return folder
}

const installed = async (at: Place): Promise<void> => {
  const { status, stderr } = await at.cluster.helm(['-n', at.namespace, 'install', 'one', chart(at)])
  if (status !== 0) throw new Error(stderr)
}

/** Helm, whose releases are Secrets. */
export const HELM: readonly Case[] = [
  { name: 'helm install', run: (at) => at.helm(['install', 'one', chart(at)]), shows: 'Painted red' },
  { name: 'helm install --dry-run=server', run: (at) => at.helm(['install', 'one', chart(at), '--dry-run=server']), shows: 'Painted red' },
  { name: 'helm install of what is installed', before: installed, run: (at) => at.helm(['install', 'one', chart(at)]), status: 1 },
  {
    name: 'helm upgrade',
    before: installed,
    run: (at) => at.helm(['upgrade', 'one', chart(at), '--set', 'colour=blue', '--wait']),
    shows: 'Painted blue',
  },
  { name: 'helm list', before: installed, run: (at) => at.helm(['list']), shows: 'deployed' },
  { name: 'helm status', before: installed, run: (at) => at.helm(['status', 'one']), shows: 'deployed' },
  {
    name: 'helm get values and manifest',
    before: installed,
    run: async (at) => [await at.helm(['get', 'values', 'one', '--all']), await at.helm(['get', 'manifest', 'one'])],
    shows: 'one-settings',
  },
  {
    name: 'helm rollback and history',
    before: installed,
    run: async (at) => [
      await at.helm(['upgrade', 'one', chart(at), '--set', 'colour=blue']),
      await at.helm(['rollback', 'one', '1']),
      await at.helm(['history', 'one']),
    ],
    shows: 'Rollback to 1',
  },
  { name: 'helm uninstall', before: installed, run: (at) => at.helm(['uninstall', 'one']), shows: 'uninstalled' },
]
