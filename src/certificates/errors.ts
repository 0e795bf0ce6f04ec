import { CodedError, type ErrorCatalogue } from '../operations/index.ts'

export const certificatesErrors = {
  GS_CERTIFICATES_NAME: {
    meaning: 'A name that certificates are wanted for is neither a DNS name nor an IP address.',
    next: 'Correct it in gateway.tls.names or in the hosts of a resource; wildcards are not minted.',
  },
  GS_CERTIFICATES_NO_NAMES: {
    meaning: 'No name is configured, so there is nothing that a certificate could be for.',
    next: 'Add the name that clients connect to under gateway.tls.names.',
  },
  GS_CERTIFICATES_STORED: {
    meaning: 'The stored certificate authority cannot be read, or its key is not its own.',
    next: 'Restore the data folder from a backup, or remove the stored authority and give clients the new certificate.',
  },
} as const satisfies ErrorCatalogue

export class CertificatesError extends CodedError<keyof typeof certificatesErrors> {
  /** @param reason replaces the code's own sentence; never contains key material */
  constructor(code: keyof typeof certificatesErrors, reason?: string, options?: ErrorOptions) {
    super(code, reason ?? certificatesErrors[code].meaning, certificatesErrors[code].next, options)
  }
}
