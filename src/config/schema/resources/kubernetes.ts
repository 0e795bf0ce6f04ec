import { z } from 'zod'
import { covering } from '../../covered-classes.ts'
import { commandPath, complaint, flag, httpAddress, material, name, privateFile, secret, several, via } from '../values.ts'
import { bothOrNeither, coveredOf, credentialsOf, exactlyOne } from './credentials.ts'
import { httpHosts, httpTls } from './http.ts'

const line = (what: string, example: string) =>
  z.string({ error: complaint(`This must be ${what}.`, `Write for example ${example}.`) }).regex(/^[^\p{Cc}]{0,4096}$/u, {
    error: complaint(`This must be ${what}.`, `Write for example ${example}.`),
  })

const exec = z
  .strictObject({
    command: commandPath,
    args: z
      .array(line('an argument', '--cluster-name'), {
        error: complaint('This must be a list of arguments.', 'Write for example args: [eks, get-token, --cluster-name, prod].'),
      })
      .optional(),
    env: z
      .record(
        z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,127}$/, {
          error: complaint('This must be the name of a variable.', 'Write for example AWS_PROFILE.'),
        }),
        line('a text, or a reference to a secret', 'prod, or secret:aws-key'),
        { error: complaint('This must map variables to their values.', 'Write for example env: { AWS_PROFILE: prod }.') },
      )
      .optional()
      .meta({ description: 'Its environment beside PATH; a value may be a reference to a secret' }),
    apiVersion: z
      .enum(['client.authentication.k8s.io/v1', 'client.authentication.k8s.io/v1beta1'], {
        error: complaint('This is no version of ExecCredential.', 'Leave it out, or write client.authentication.k8s.io/v1beta1.'),
      })
      .optional()
      .meta({ description: 'What it speaks; default client.authentication.k8s.io/v1' }),
  })
  .meta({ description: 'A program that prints an ExecCredential (client.authentication.k8s.io)' })

const kubeconfig = z
  .strictObject({
    file: privateFile,
    context: line('the name of a context', 'prod').optional().meta({ description: 'Default: its current-context' }),
  })
  .meta({ description: 'A context of a kubeconfig: server, CA and how its user is proven, also by exec' })

const credential = z
  .strictObject({
    as: name.meta({ description: 'What the trail calls it' }),
    for: coveredOf(covering('kubernetes'), 'kubernetes', 'kubernetes.get'),
    token: secret.optional().meta({ description: 'A bearer token; a file is read again as it changes' }),
    certificate: material.optional().meta({ description: 'Client certificate' }),
    key: secret.optional().meta({ description: "The client certificate's key" }),
    exec: exec.optional(),
    kubeconfig: kubeconfig.optional(),
    inCluster: z
      .literal(true, { error: complaint('This must be true.', 'Write inCluster: true, or leave it out.') })
      .optional()
      .meta({ description: 'The service account of the pod that the gateway runs in' }),
  })
  .refine(...bothOrNeither)
  .refine(...exactlyOne(['token', 'certificate', 'exec', 'kubeconfig', 'inCluster']))

export const kubernetesResource = z
  .strictObject({
    name,
    kind: z.literal('kubernetes'),
    address: httpAddress.optional().meta({
      description: 'The API server; by default the server of a credential\u2019s kubeconfig, or kubernetes.default.svc with inCluster',
    }),
    via: via.optional(),
    hosts: httpHosts,
    tls: httpTls.optional(),
    credentials: credentialsOf(credential, '{ as: deployer, token: "file:/run/secrets/sa-token" }'),
    impersonate: flag.optional().meta({
      description:
        'Whether the cluster is told who asks, as gatescribe:<issuer>:<subject>, so that its own rules hold for them; default false',
    }),
    tags: several(name, 'prod').optional(),
  })
  .meta({ description: 'The API server of a Kubernetes cluster' })
