export const door = 'trail'
export type Door = typeof door
