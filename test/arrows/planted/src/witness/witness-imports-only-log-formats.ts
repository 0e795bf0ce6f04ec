import type { Door } from '../trail/index.ts'

export type Planted = Door
