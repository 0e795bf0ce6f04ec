import { z } from 'zod'
import { complaint } from '../values.ts'
import { egressResource } from './egress.ts'
import { httpResource } from './http.ts'
import { kubernetesResource } from './kubernetes.ts'
import { mcpResource } from './mcp.ts'
import { modelResource } from './model.ts'
import { postgresResource } from './postgres.ts'

export const resource = z.discriminatedUnion(
  'kind',
  [postgresResource, kubernetesResource, httpResource, modelResource, mcpResource, egressResource],
  {
    error: (issue) =>
      issue.code === 'invalid_union'
        ? complaint('This must be postgres, kubernetes, http, model, mcp or egress.', 'Write for example kind: postgres.')
        : undefined,
  },
)
