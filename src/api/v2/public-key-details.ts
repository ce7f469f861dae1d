/** The names of dev.sigstore.common.v1.PublicKeyDetails: what a submitter calls the kind of a key. */

/** Numbers by name. */
export const PUBLIC_KEY_DETAILS_NUMBERS: ReadonlyMap<string, number> = new Map([
  ['PUBLIC_KEY_DETAILS_UNSPECIFIED', 0],
  ['PKCS1_RSA_PKCS1V5', 1],
  ['PKCS1_RSA_PSS', 2],
  ['PKIX_RSA_PKCS1V5', 3],
  ['PKIX_RSA_PSS', 4],
  ['PKIX_ECDSA_P256_SHA_256', 5],
  ['PKIX_ECDSA_P256_HMAC_SHA_256', 6],
  ['PKIX_ED25519', 7],
  ['PKIX_ED25519_PH', 8],
  ['PKIX_RSA_PKCS1V15_2048_SHA256', 9],
  ['PKIX_RSA_PKCS1V15_3072_SHA256', 10],
  ['PKIX_RSA_PKCS1V15_4096_SHA256', 11],
  ['PKIX_ECDSA_P384_SHA_384', 12],
  ['PKIX_ECDSA_P521_SHA_512', 13],
  ['LMS_SHA256', 14],
  ['LMOTS_SHA256', 15],
  ['PKIX_RSA_PSS_2048_SHA256', 16],
  ['PKIX_RSA_PSS_3072_SHA256', 17],
  ['PKIX_RSA_PSS_4096_SHA256', 18],
  ['PKIX_ECDSA_P384_SHA_256', 19],
  ['PKIX_ECDSA_P521_SHA_256', 20],
  ['ML_DSA_65', 21],
  ['ML_DSA_87', 22],
  ['ML_DSA_44', 23],
]);
