import { rmSync } from 'node:fs'

export const planted = rmSync
