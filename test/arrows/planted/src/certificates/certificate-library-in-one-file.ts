import { X509Certificate } from '@peculiar/x509'

export const planted = X509Certificate
