// Lists a store without LibTorch: starts in milliseconds, reads no value.
#include <paramstore/storage/database.h>

#include <iostream>

namespace storage = paramstore::storage;

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: list <store>\n";
    return 2;
  }
  storage::OpenOptions options;
  options.read_only = true;
  storage::Database database(argv[1], options);
  for (const auto& record : database.main().list()) {
    std::cout << record.name << ' ' << record.constraint_tag << ' ' << storage::dtype_name(record.dtype) << ' '
              << storage::shape_to_json(record.shape) << '\n';
  }
}
