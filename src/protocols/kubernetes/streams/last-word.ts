/** A Status (metav1) as it comes on the channel for errors: clients show its message. */
export function failedStatus(message: string): Buffer {
  return Buffer.from(
    JSON.stringify({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason: 'Forbidden', code: 403 }),
  )
}
