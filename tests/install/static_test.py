"""Static libraries: builds the part without LibTorch as such, installs it, and builds a program against the installed copy, with CMake
and with pkg-config.

usage: static_test.py SOURCE_FOLDER CMAKE
"""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

SOURCE, CMAKE = pathlib.Path(sys.argv[1]), sys.argv[2]

MAKE_STORE = """
#include <paramstore/storage/database.h>

int main(int, char** arguments) {
  using namespace paramstore::storage;
  Database database(arguments[1]);
  WriteTransaction transaction(database.main());
  const float value = 1;
  ParamRecord record;
  record.name = "loc";
  record.constraint_tag = "real";
  record.checksum = value_checksum({&value, sizeof value});
  transaction.insert(record, {&value, sizeof value});
  transaction.commit();
}
"""


def run(*command, **options):
    print("$", *command, flush=True)
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options)
    print(done.stdout, flush=True)
    if done.returncode != 0:
        sys.exit(f"failed with status {done.returncode}")
    return done.stdout


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        prefix = folder / "prefix"
        run(CMAKE, "-S", SOURCE, "-B", folder / "build", "-DBUILD_SHARED_LIBS=OFF", "-DPARAMSTORE_TORCH=OFF",
            "-DPARAMSTORE_BUILD_COMMAND=OFF", "-DPARAMSTORE_BUILD_TESTS=OFF", "-DCMAKE_BUILD_TYPE=Debug", f"-DCMAKE_INSTALL_PREFIX={prefix}")
        run(CMAKE, "--build", folder / "build", "-j", str(os.cpu_count()))
        run(CMAKE, "--install", folder / "build")
        libraries = [path for path in prefix.rglob("libparamstore*") if not path.is_dir()]
        if [path.name for path in libraries if path.suffix != ".a"] or len(libraries) < 2:
            sys.exit(f"expected static libraries alone: {libraries}")

        program = folder / "program"
        shutil.copytree(SOURCE / "tests/examples/storage_only", program)
        (program / "make.cpp").write_text(MAKE_STORE)
        run(CMAKE, "-S", program, "-B", program / "build", f"-DCMAKE_PREFIX_PATH={prefix}")
        run(CMAKE, "--build", program / "build")

        package_path = next(prefix.rglob("paramstore_storage.pc")).parent
        environment = dict(os.environ, PKG_CONFIG_PATH=str(package_path))
        flags = run("pkg-config", "--cflags", "--libs", "paramstore_storage", env=environment).split()
        for source in ("make", "main"):
            run("c++", "-std=c++17", f"{source}.cpp", "-o", source, *flags, cwd=program)

        run(program / "make", program / "m.params.db")
        for listing in (program / "build" / "list", program / "main"):
            if run(listing, program / "m.params.db") != "loc real float32 []\n":
                sys.exit("the store is not listed")
            if "paramstore" in run("ldd", listing):
                sys.exit("the program links a shared library of ours")


main()
