"""Asks for a timestamp as sigstore-python does when it signs, then verifies it as it does when it verifies.

Arguments: URL of the authority, PEM file of its chain. Exit code 0: everything held.
"""

import datetime
import sys

from cryptography import x509
from rfc3161_client import VerifierBuilder
from rfc3161_client.errors import VerificationError
from sigstore._internal.timestamp import TimestampAuthorityClient, TimestampError

url, chain_file = sys.argv[1:]
with open(chain_file, "rb") as file:
    leaf, *middle, root = x509.load_pem_x509_certificates(file.read())

response = TimestampAuthorityClient(url).request_timestamp(b"a signature")
info = response.tst_info
assert info.nonce is not None
assert info.policy.dotted_string == "1.3.6.1.4.1.57264.2", info.policy
assert (info.accuracy.seconds, info.accuracy.millis) == (1, None)
age = datetime.datetime.now(datetime.timezone.utc) - info.gen_time
assert datetime.timedelta(seconds=-1) < age < datetime.timedelta(seconds=30), age

verifier = (
    VerifierBuilder()
    .tsa_certificate(leaf)
    .add_root_certificate(root)
    .nonce(info.nonce)
    .policy_id(info.policy)
)
for certificate in middle:
    verifier = verifier.add_intermediate_certificate(certificate)
verifier = verifier.build()
assert verifier.verify_message(response, b"a signature")
try:
    verifier.verify_message(response, b"another signature")
except VerificationError:
    pass
else:
    sys.exit("a timestamp of something else was taken")

try:
    TimestampAuthorityClient(f"{url}/nowhere").request_timestamp(b"a signature")
except TimestampError:
    pass
else:
    sys.exit("a refusal was taken for a timestamp")
print("verified")
