"""Tells torchwood's witness of a log, as its witnessctl does: that program needs a library that is not to be had everywhere.

litewitness_logs.py DATABASE add ORIGIN VKEY | set ORIGIN SIZE ROOT
"""

import base64
import hashlib
import sqlite3
import sys

database, verb, origin, *rest = sys.argv[1:]
empty = base64.b64encode(hashlib.sha256(b"").digest()).decode()

with sqlite3.connect(database, timeout=10) as connection:
    if verb == "add":
        (vkey,) = rest
        connection.execute("INSERT INTO log (origin, tree_size, tree_hash) VALUES (?, 0, ?)", (origin, empty))
        connection.execute("INSERT INTO key (origin, key) VALUES (?, ?)", (origin, vkey))
    elif verb == "set":
        size, root = rest
        connection.execute("UPDATE log SET tree_size = ?, tree_hash = ? WHERE origin = ?", (int(size), root, origin))
    else:
        sys.exit(__doc__)
