export const door = 'operations'
export type Door = typeof door
