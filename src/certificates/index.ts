export { CertificatesError, certificatesErrors } from './errors.ts'
export { createNamesAuthority, type Leaf, type Minted, type NamesAuthority, type NamesAuthorityOptions } from './names-authority.ts'
export type { AuthorityReason, AuthorityStore } from './stored-authority.ts'
export type { AuthorityPurpose, KeyedCertificate } from './x509.ts'
