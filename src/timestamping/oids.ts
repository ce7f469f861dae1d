/** Identifiers of what a token and its certificates are made of, dotted. */

/** Names as in RFC 3161, RFC 5652, RFC 5035, RFC 5280 and RFC 5754. */
export const OID = {
  signedData: '1.2.840.113549.1.7.2',
  tokenInfo: '1.2.840.113549.1.9.16.1.4',
  contentType: '1.2.840.113549.1.9.3',
  messageDigest: '1.2.840.113549.1.9.4',
  signingTime: '1.2.840.113549.1.9.5',
  signingCertificateV2: '1.2.840.113549.1.9.16.2.47',
  sha256: '2.16.840.1.101.3.4.2.1',
  ecdsaWithSha256: '1.2.840.10045.4.3.2',
  rsaEncryption: '1.2.840.113549.1.1.1',
  organizationName: '2.5.4.10',
  commonName: '2.5.4.3',
  subjectKeyID: '2.5.29.14',
  keyUsage: '2.5.29.15',
  basicConstraints: '2.5.29.19',
  authorityKeyID: '2.5.29.35',
  extendedKeyUsage: '2.5.29.37',
  timeStamping: '1.3.6.1.5.5.7.3.8',
} as const;

/** The policy under which the timestamp-authority project of Sigstore stamps; the one that clients know. */
export const SIGSTORE_POLICY = '1.3.6.1.4.1.57264.2';
