import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { builtCommand } from '../parts/built.ts'
import { runCommand } from '../parts/command.ts'
import { AUDIENCE } from '../parts/gateway-config.ts'
import { type GitHubMinting, startGitHubMinting } from '../parts/github-minting.ts'
import { startIssuer, type TestIssuer } from '../parts/issuer.ts'
import { KUBERNETES_PARTS, kubernetesBinaries } from '../parts/kubernetes-binaries.ts'
import { type RunningCluster, startCluster } from '../parts/kubernetes-cluster.ts'
import { type KubernetesGateway, startKubernetesGateway } from '../parts/kubernetes-gateway.ts'
import { needs } from '../parts/require.ts'

let issuer: TestIssuer
let github: GitHubMinting
let cluster: RunningCluster
let started: KubernetesGateway
let folder: string
const binaries = kubernetesBinaries()

beforeAll(async () => {
  if (!binaries) return
  folder = mkdtempSync(join(tmpdir(), 'gatescribe-kubernetes-run-'))
  issuer = await startIssuer()
  github = await startGitHubMinting(issuer)
  cluster = await startCluster()
  started = await startKubernetesGateway({ issuer, cluster, token: cluster.adminToken })
  writeFileSync(join(folder, 'ca.pem'), started.gateway.ca)
})
afterAll(async () => {
  await started?.gateway.remove()
  await cluster?.stop()
  await github?.close()
  await issuer?.close()
  if (folder) rmSync(folder, { recursive: true, force: true })
})

it('leads kubectl to the cluster, also one that is started with nothing but HOME and PATH, as servers of MCP are', async (test) => {
  needs(test, binaries, KUBERNETES_PARTS)
  const command = await builtCommand()
  const env = {
    ...{ PATH: `${dirname(binaries.kubectl)}:${process.env.PATH}`, HOME: folder, ...github.step() },
    ...{ GATESCRIBE_GATEWAY: `https://localhost:${started.gateway.tokenPort}`, GATESCRIBE_CA: 'ca.pem', GATESCRIBE_AUDIENCE: AUDIENCE },
    KUBECONFIG: '/secrets/own-kubeconfig',
  }
  const script = 'kubectl get namespace default -o name && env -i HOME="$HOME" PATH="$PATH" kubectl get namespace kube-system -o name'
  const ran = await runCommand(process.execPath, [command, 'run', '--', 'sh', '-c', script], { cwd: folder, env })
  expect(ran).toMatchObject({ status: 0, stdout: 'namespace/default\nnamespace/kube-system\n' })
  expect(ran.stderr).toMatch(/cluster: \d+ allowed, 0 refused/)
})
