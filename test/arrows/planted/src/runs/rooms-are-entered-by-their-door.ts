import { inside } from '../trail/inside.ts'

export const planted = inside
