"""Makes a TUF repository of a folder's files, as rekor_monitor wants to be given its trust; served as it is, it is a mirror.

tuf_repository.py FOLDER FILE...: writes root.json, timestamp.json, 1.snapshot.json, 1.targets.json and targets/ into FOLDER.
"""

import datetime
import os
import sys

from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import Metadata, MetaFile, Root, Snapshot, TargetFile, Targets, Timestamp

folder, *files = sys.argv[1:]
expires = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=1)
signer = CryptoSigner.generate_ecdsa()


def write(role, name):
    metadata = Metadata(role)
    metadata.sign(signer)
    metadata.to_file(os.path.join(folder, name))


targets = Targets(expires=expires)
os.makedirs(os.path.join(folder, "targets"))
for file in files:
    name = os.path.basename(file)
    target = TargetFile.from_file(name, file, ["sha256"])
    targets.targets[name] = target
    with open(file, "rb") as read, open(os.path.join(folder, "targets", f"{target.hashes['sha256']}.{name}"), "wb") as copy:
        copy.write(read.read())

root = Root(expires=expires, consistent_snapshot=True)
for role in ("root", "timestamp", "snapshot", "targets"):
    root.add_key(signer.public_key, role)

write(root, "root.json")
write(targets, "1.targets.json")
write(Snapshot(expires=expires, meta={"targets.json": MetaFile(1)}), "1.snapshot.json")
write(Timestamp(expires=expires, snapshot_meta=MetaFile(1)), "timestamp.json")
