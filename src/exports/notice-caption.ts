import type { Notice } from './batch.ts'

/** A notice in words. */
export function noticeCaption(notice: Notice): string {
  if (notice.notice === 'test') return 'Somebody tries whether this export arrives'
  const { from, to, why } = notice.gap
  const which = to === undefined ? `Entries from ${from} on` : `Entries ${from} to ${to - 1}`
  switch (why) {
    case 'pruned':
      return `${which} were pruned before they were sent`
    case 'skipped':
      return `${which} were left out by an operator, because they were refused here`
    case 'set-aside':
      return `${which} were not sent: that log was set aside`
  }
}
