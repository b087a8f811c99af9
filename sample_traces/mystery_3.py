"""Mystery 3: why is this program slow, although it computes nothing and talks to nobody?

    python3 mystery_3.py [DIRECTORY]
"""
import os
import sys
import tempfile

SIZE_MB = 400

directory = sys.argv[1] if len(sys.argv) > 1 else "/var/tmp"
with tempfile.NamedTemporaryFile(dir=directory, prefix="mystery_3.", suffix=".data") as file:
    for _ in range(SIZE_MB):
        file.write(b"x" * 1_000_000)
    file.flush()
    os.fsync(file.fileno())
    print("wrote", file.tell() // 1_000_000, "MB to", file.name)
