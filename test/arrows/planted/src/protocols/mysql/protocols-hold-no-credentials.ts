import type { Door } from '../../credentials/index.ts'

export type Planted = Door
