"""The rooms of lib/ and their arrows: every #include is read, and one that points up fails.

usage: include_test.py SOURCE_FOLDER
"""

import pathlib
import re
import sys

# Which rooms each room may include, beside itself. lib/README.md draws it.
BELOW = {
    "text": set(),
    "numeric": {"text"},
    "storage": {"text"},
    "constraint": {"text"},
    "sql": {"text", "numeric", "storage"},
    "interchange": {"text", "storage"},
    "store": {"text", "storage", "sql", "constraint", "numeric", "interchange"},
    "training": {"text", "storage", "sql", "constraint", "numeric", "store"},
    "extension": {"text", "storage", "sql", "constraint", "numeric", "store"},
    "cli": {"text", "storage", "sql", "numeric", "interchange"},
    "python": {"text", "storage", "interchange"},
}
TORCH_FREE = {"text", "numeric", "storage", "sql", "interchange", "extension", "cli", "python"}
PART_WITH_TORCH = "lib/extension/transforms.cpp"  # a module of its own

# Whose a public header is.
PUBLIC = {
    "text": ["error.h", "param_name.h", "storage/dtype.h", "storage/export.h", "storage/shape.h",
             "storage/value_bytes.h"],
    "storage": ["storage/"],
    "constraint": ["constraint.h", "transform.h", "export.h"],
    "training": ["training.h"],
    "store": [""],  # all others
}

INCLUDE = re.compile(r'^\s*#\s*include\s*(["<])([^">]+)[">]', re.MULTILINE)
TORCH = re.compile(r"^(torch|ATen|c10|caffe2)/")


def room_of_public(path: str) -> str:
    """The room of "storage/dtype.h", a path below include/paramstore/."""
    return next(room for room, prefixes in PUBLIC.items() if path.startswith(tuple(prefixes)))


def room_of(path: str) -> "str | None":
    """The room of an include or a file, named from the project's root or as users include it."""
    parts = path.split("/")
    if parts[0] == "lib" and len(parts) > 2:
        return parts[1]
    if parts[0] == "paramstore":
        return room_of_public("/".join(parts[1:]))
    return None


def wrong(file: str, text: str) -> "list[str]":
    """What is wrong with the includes of a file."""
    room = room_of(file.removeprefix("include/"))
    if room not in BELOW:
        return [f"{file}: {room} is not a room; add it to this test and to lib/README.md"]
    found = []
    for quote, target in INCLUDE.findall(text):
        if TORCH.match(target) and room in TORCH_FREE and file != PART_WITH_TORCH:
            found.append(f"{file} includes {target}, but {room} is without LibTorch")
        if quote == "<":
            continue
        below = room_of(target)
        if below is None:
            found.append(f"{file} includes \"{target}\", which is not named from the project's root")
        elif below != room and below not in BELOW[room]:
            found.append(f"{file} includes {target}: the arrow from {room} to {below} points up")
    return found


def check_the_check() -> None:
    """An include of each wrong kind is found."""
    assert wrong("lib/text/utf8.cpp", '#include "lib/storage/record.h"\n')
    assert wrong("lib/sql/regexp.cpp", '#include "paramstore/param_store.h"\n')
    assert wrong("lib/numeric/elements.h", "#include <ATen/core/Tensor.h>\n")
    assert wrong("lib/extension/constrained.cpp", '#include <ATen/core/Tensor.h>\n')
    assert wrong("lib/storage/record.cpp", '#include "record.h"\n')
    assert wrong("lib/helpers/x.h", "")
    assert wrong("include/paramstore/storage/database.h", '#include "paramstore/param_store.h"\n')
    assert wrong("include/paramstore/error.h", '#include "paramstore/storage/database.h"\n')
    assert not wrong("lib/store/refresh.cpp", '#include "lib/store/refresh.h"\n#include <ATen/ATen.h>\n')


def main(source: pathlib.Path) -> int:
    check_the_check()
    files = [file for folder in ("lib", "include") for file in sorted((source / folder).rglob("*"))
             if file.suffix in (".h", ".cpp")]
    errors = [error for file in files for error in wrong(file.relative_to(source).as_posix(), file.read_text())]
    for error in errors:
        print(error)
    rooms = {room_of(file.relative_to(source / "lib").as_posix().join(["lib/", ""]))
             for file in files if "lib" in file.relative_to(source).parts[:1]}
    print(f"{len(files)} files in {len(rooms)} rooms, {len(errors)} arrows that point up")
    return 1 if errors or not files else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1])))
