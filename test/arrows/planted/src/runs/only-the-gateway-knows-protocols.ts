import type { Door } from '../protocols/mysql/index.ts'

export type Planted = Door
