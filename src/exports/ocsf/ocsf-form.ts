import type { Batch, Notice } from '../batch.ts'
import type { Form, Sender } from '../form.ts'
import { noticeCaption } from '../notice-caption.ts'
import { ocsfEvent, ocsfNotice } from './event.ts'

/** An array of OCSF events, one for each entry. */
export const ocsfForm: Form = {
  contentType: 'application/json',
  encode: (batch, sender) =>
    JSON.stringify([
      ...batch.notices.map((notice) => noticeEvent(notice, batch, sender)),
      ...batch.events.map((event) => ocsfEvent(event, batch.log, sender)),
    ]),
}

function noticeEvent(notice: Notice, { log }: Batch, sender: Sender) {
  const { id, at, ...said } = notice
  return ocsfNotice(id, noticeCaption(notice), at, said, log, sender)
}
