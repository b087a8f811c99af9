#!/usr/bin/env python3
"""Checks that folders use each other, and libraries, only in the direction of docs/architecture.md.

includes.py ROOT        checks the tree; prints one line for each fault, exit status 1 if there is one
includes.py --self-test builds small trees with known faults and checks that they are found
"""

import pathlib
import re
import sys
import tempfile

# folder -> the other folders of ours that it may include from
MAY_USE = {
    "format": set(),
    "recorder": {"format"},
    "analyzer": {"format"},
    "query": {"analyzer", "format"},
    "replay": {"query", "analyzer", "format"},
    "cli": {"query", "replay", "recorder", "analyzer", "format"},
}
# third-party header -> the only folders that may include it (tests may include anything)
LIBRARY_USERS = {
    "sqlite3.h": {"analyzer", "query"},
    "bpf/": {"recorder"},
    "capnp/": {"format"},
    "kj/": {"format"},
    "zstd.h": {"format", "query"},
    "nghttp2/": {"analyzer"},
    "zlib.h": {"query"},
    "brotli/": {"query"},
    "CLI/": {"cli"},
    "histedit.h": {"query"},
    "re2/": {"query"},
    "arpa/nameser.h": {"analyzer"},
    "resolv.h": {"analyzer"},
}
SOURCES = {".h", ".cc", ".c"}
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')


def includes(path):
    """(line number, is it quoted, name) of each #include of a file."""
    for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1):
        if match := INCLUDE.match(line):
            yield number, match[1] == '"', match[2]


def faults_of(root, path, folder):
    name = path.relative_to(root)
    quoted_names = []
    for number, quoted, target in includes(path):
        where = f"{name}:{number}"
        for library, users in LIBRARY_USERS.items():
            if target.startswith(library) and folder not in users:
                yield f"{where}: only {', '.join(sorted(users))}/ may include {target}"
        if not quoted:
            continue
        quoted_names.append(target)
        if "/" not in target:
            # A neighbour in BPF code or a generated header; our own are named from the root.
            if (path.parent / target).exists() and path.suffix == ".cc":
                yield f'{where}: write "{path.parent.relative_to(root)}/{target}", named from the root'
            continue
        if ".." in target.split("/"):
            yield f"{where}: {target} is not named from the root"
        other = target.split("/")[0]
        if other in MAY_USE and other != folder and other not in MAY_USE[folder]:
            yield f"{where}: {folder}/ may not use {other}/ ({target})"
        if other == "tests":
            yield f"{where}: {folder}/ may not use tests/ ({target})"
    own = path.with_suffix(".h")
    if path.suffix == ".cc" and own.exists():
        own_name = str(own.relative_to(root))
        if not quoted_names or quoted_names[0] != own_name:
            yield f'{name}:1: the first include is not its own header "{own_name}"'


def faults(root):
    for folder in MAY_USE:
        for path in sorted((root / folder).rglob("*")):
            if path.suffix in SOURCES and path.is_file():
                yield from faults_of(root, path, folder)


def self_test():
    cases = [
        ("format/a.cc", '#include "format/b.h"\n#include <zstd.h>\n', None),
        ("query/a.cc", '#include "analyzer/b.h"\n#include "format/c.h"\n', None),
        ("format/a.cc", '#include "analyzer/b.h"\n', "format/ may not use analyzer/"),
        ("recorder/a.h", '#  include "query/b.h"\n', "recorder/ may not use query/"),
        ("analyzer/deep/a.cc", '#include "recorder/b.h"\n', "analyzer/ may not use recorder/"),
        ("query/a.h", '#include "format/../recorder/b.h"\n', "not named from the root"),
        ("cli/a.cc", '#include "tests/b.h"\n', "may not use tests/"),
        ("recorder/a.cc", "#include <sqlite3.h>\n", "only analyzer, query/ may include sqlite3.h"),
        ("analyzer/a.cc", "#include <bpf/libbpf.h>\n", "only recorder/ may include bpf/libbpf.h"),
        ("query/a.cc", "#include <CLI/CLI.hpp>\n", "only cli/ may include"),
    ]
    wrong = []
    for file, text, expected in cases:
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / file
            path.parent.mkdir(parents=True)
            path.write_text(text)
            found = list(faults(pathlib.Path(folder)))
            good = not found if expected is None else len(found) == 1 and expected in found[0]
            if not good:
                wrong.append(f"{file} {text!r}: expected {expected}, found {found}")
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        (root / "format").mkdir()
        (root / "format/a.h").write_text("")
        (root / "format/a.cc").write_text('#include "format/b.h"\n#include "format/a.h"\n')
        if not any("own header" in fault for fault in faults(root)):
            wrong.append("own header behind another one was not found")
    return wrong


def main():
    if sys.argv[1:] == ["--self-test"]:
        found = self_test()
    elif len(sys.argv) == 2:
        found = list(faults(pathlib.Path(sys.argv[1]).resolve()))
    else:
        sys.exit(__doc__)
    for fault in found:
        print(fault)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
