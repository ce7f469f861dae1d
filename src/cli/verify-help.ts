/** What `stele verify --help` says of artifacts and keys, by kind of entry. */

/** Text below the options. */
export const VERIFY_HELP = `
What is verified: answers of the API (/api/v1 or /api/v2), Sigstore bundles of either,
.tlog-proof files. A proof file does not hold its entry: give --body, or the --artifact,
--signature and --signer-key that a hashedrekord was made of.

What --artifact and --signer-key are, by kind of entry:
  hashedrekord   the signed file            PEM key or certificate
  rekord         the signed file            key in the signature's format: OpenPGP,
                                            minisign, SSH, PEM
  dsse, intoto   the envelope               PEM key or certificate
    in a bundle  a subject of its statement
  alpine         the package                PEM key or certificate
  rpm            the package                OpenPGP key ring, as it was logged
  jar            the archive                PEM key or certificate
  helm           the provenance file, or    OpenPGP key ring, as it was logged
                 the chart that it names
  cose           the message, without       PEM key or certificate
                 external data
  rfc3161        the response, or the       none
                 file that was stamped
  tuf            the metadata               its root metadata

A step is passed, failed or not checked. Exit code: 0 when none failed, 1 when one
did, 2 usage, 3 operational.`;
