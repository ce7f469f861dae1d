"""A certificate authority that believes every identity token: what Fulcio is to the clients, and nothing more.

In scope: POST /api/v2/signingCert for a request or a bare key, an SCT of a certificate log of its own (RFC 6962,
precertificate), GET /api/v2/trustBundle. Prints one line of JSON when it listens: its URL, and the folder's files
chain.pem and ctfe.pub that clients are to trust. Usage: fake_fulcio.py FOLDER
"""

import base64
import datetime
import hashlib
import http.server
import json
import os
import struct
import sys

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

SCT_LIST = x509.ObjectIdentifier("1.3.6.1.4.1.11129.2.4.2")
ISSUER_V1 = x509.ObjectIdentifier("1.3.6.1.4.1.57264.1.1")
ISSUER_V2 = x509.ObjectIdentifier("1.3.6.1.4.1.57264.1.8")
DER = serialization.Encoding.DER
PEM = serialization.Encoding.PEM
SPKI = serialization.PublicFormat.SubjectPublicKeyInfo
HOUR = datetime.timedelta(hours=1)


def now():
    return datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)


def name(common_name):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def authority(common_name, issuer=None, issuer_key=None):
    key = ec.generate_private_key(ec.SECP256R1())
    subject = name(common_name)
    usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now() - HOUR)
        .not_valid_after(now() + 24 * HOUR)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    if issuer:
        extended = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING])
        identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key())
        builder = builder.add_extension(extended, critical=False).add_extension(identifier, critical=False)
    return builder.sign(issuer_key or key, hashes.SHA256()), key


ROOT, ROOT_KEY = authority("fake root")
INTERMEDIATE, INTERMEDIATE_KEY = authority("fake fulcio", ROOT, ROOT_KEY)
CT_KEY = ec.generate_private_key(ec.SECP256R1())


def der_key(key):
    return key.public_key().public_bytes(DER, SPKI)


def sct_list(precertificate):
    """The list of one SCT over a certificate that has none yet (RFC 6962, sections 3.2 and 3.3)."""
    milliseconds = int(now().timestamp() * 1000)
    tbs = precertificate.tbs_certificate_bytes
    issuer = hashlib.sha256(der_key(INTERMEDIATE_KEY)).digest()
    entry = issuer + len(tbs).to_bytes(3, "big") + tbs
    message = struct.pack(">BBQH", 0, 0, milliseconds, 1) + entry + b"\0\0"
    signature = CT_KEY.sign(message, ec.ECDSA(hashes.SHA256()))
    log = hashlib.sha256(der_key(CT_KEY)).digest()
    sct = b"\0" + log + struct.pack(">Q", milliseconds) + b"\0\0" + b"\4\3"
    sct += struct.pack(">H", len(signature)) + signature
    tls = struct.pack(">HH", len(sct) + 2, len(sct)) + sct
    length = bytes([len(tls)]) if len(tls) < 128 else bytes([0x81, len(tls)])
    return x509.UnrecognizedExtension(SCT_LIST, b"\4" + length + tls)


def issue(public_key, claims):
    """A certificate for ten minutes, for the e-mail address or else the subject of an identity token."""
    identity = claims.get("email") or claims["sub"]
    issuer = claims["iss"].encode()
    names = [x509.RFC822Name(identity) if "@" in identity else x509.UniformResourceIdentifier(identity)]
    usage = x509.KeyUsage(True, False, False, False, False, False, False, False, False)
    own = x509.SubjectKeyIdentifier.from_public_key(public_key)
    above = x509.AuthorityKeyIdentifier.from_issuer_public_key(INTERMEDIATE_KEY.public_key())
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([]))
        .issuer_name(INTERMEDIATE.subject)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now())
        .not_valid_after(now() + HOUR / 6)
        .add_extension(usage, critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING]), critical=False)
        .add_extension(own, critical=False)
        .add_extension(above, critical=False)
        .add_extension(x509.SubjectAlternativeName(names), critical=True)
        .add_extension(x509.UnrecognizedExtension(ISSUER_V1, issuer), critical=False)
        .add_extension(
            x509.UnrecognizedExtension(ISSUER_V2, b"\x0c" + bytes([len(issuer)]) + issuer), critical=False
        )
    )
    precertificate = builder.sign(INTERMEDIATE_KEY, hashes.SHA256())
    return builder.add_extension(sct_list(precertificate), critical=False).sign(INTERMEDIATE_KEY, hashes.SHA256())


def requested_key(request):
    if "certificateSigningRequest" in request:
        text = base64.b64decode(request["certificateSigningRequest"])
        return x509.load_pem_x509_csr(text).public_key()
    return serialization.load_pem_public_key(request["publicKeyRequest"]["publicKey"]["content"].encode())


def claims_of(token):
    payload = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))


def pems(*certificates):
    return [certificate.public_bytes(PEM).decode() for certificate in certificates]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, value):
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        if self.path != "/api/v2/trustBundle":
            return self.answer(404, {"message": "not found"})
        self.answer(200, {"chains": [{"certificates": pems(INTERMEDIATE, ROOT)}]})

    def do_POST(self):
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path != "/api/v2/signingCert":
            return self.answer(404, {"message": "not found"})
        token = (request.get("credentials") or {}).get("oidcIdentityToken")
        claims = claims_of(token or self.headers["Authorization"].removeprefix("Bearer "))
        leaf = issue(requested_key(request), claims)
        chain = {"certificates": pems(leaf, INTERMEDIATE, ROOT)}
        self.answer(200, {"signedCertificateEmbeddedSct": {"chain": chain}})


def main(folder):
    with open(os.path.join(folder, "chain.pem"), "w") as file:
        file.write("".join(pems(INTERMEDIATE, ROOT)))
    with open(os.path.join(folder, "ctfe.pub"), "wb") as file:
        file.write(CT_KEY.public_key().public_bytes(PEM, SPKI))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    print(json.dumps({"url": f"http://127.0.0.1:{server.server_port}"}), flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main(sys.argv[1])
