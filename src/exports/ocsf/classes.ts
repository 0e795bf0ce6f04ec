/**
 * The classes of OCSF 1.9 that entries become: number, category, and the activities that are used. schema.ocsf.io; what is written
 * here is held against the schema in ocsf.test.ts.
 */
export interface OcsfClass {
  readonly uid: number
  readonly name: string
  readonly category: { readonly uid: number; readonly name: string }
  readonly activities: Readonly<Record<number, string>>
}

const system = { uid: 1, name: 'System Activity' }
const findings = { uid: 2, name: 'Findings' }
const iam = { uid: 3, name: 'Identity & Access Management' }
const network = { uid: 4, name: 'Network Activity' }
const application = { uid: 6, name: 'Application Activity' }

/** 99: the name of the activity says which. */
export const OTHER = 99

export const classes = {
  base: { uid: 0, name: 'Base Event', category: { uid: 0, name: 'Uncategorized' }, activities: {} },
  log: {
    uid: 1008,
    name: 'Event Log Activity',
    category: system,
    activities: { 2: 'Delete', 3: 'Export', 6: 'Start', 7: 'Stop' },
  },
  finding: { uid: 2004, name: 'Detection Finding', category: findings, activities: { 1: 'Create' } },
  account: { uid: 3001, name: 'Account Change', category: iam, activities: { 2: 'Enable', 5: 'Disable' } },
  authentication: { uid: 3002, name: 'Authentication', category: iam, activities: { 1: 'Logon', 2: 'Logoff' } },
  entity: {
    uid: 3004,
    name: 'Entity Management',
    category: iam,
    activities: {
      1: 'Create',
      3: 'Update',
      4: 'Delete',
      6: 'Enroll',
      7: 'Unenroll',
      8: 'Enable',
      9: 'Disable',
      10: 'Activate',
      11: 'Deactivate',
      12: 'Suspend',
      13: 'Resume',
    },
  },
  tunnel: { uid: 4014, name: 'Tunnel Activity', category: network, activities: { 1: 'Open', 2: 'Close' } },
  lifecycle: { uid: 6002, name: 'Application Lifecycle', category: application, activities: { 3: 'Start', 4: 'Stop', 5: 'Restart' } },
  api: { uid: 6003, name: 'API Activity', category: application, activities: {} },
  datastore: { uid: 6005, name: 'Datastore Activity', category: application, activities: { 1: 'Read', 4: 'Query' } },
  scan: {
    uid: 6007,
    name: 'Scan Activity',
    category: application,
    activities: { 1: 'Started', 2: 'Completed', 3: 'Cancelled', 6: 'Error' },
  },
} as const satisfies Readonly<Record<string, OcsfClass>>

export type ClassName = keyof typeof classes
