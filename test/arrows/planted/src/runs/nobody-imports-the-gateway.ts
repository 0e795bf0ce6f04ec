import type { Door } from '../gateway/index.ts'

export type Planted = Door
