// Lists a store without LibTorch: starts in milliseconds, reads no value.
#include <paramstore/storage/database.h>

#include <iostream>

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: list <store>\n";
    return 2;
  }
  paramstore::storage::OpenOptions options;
  options.read_only = true;
  paramstore::storage::Database database(argv[1], options);
  for (const auto& record : database.main().list()) {
    std::cout << record.name << ' ' << record.constraint_tag << ' ' << dtype_name(record.dtype) << ' '
              << shape_to_json(record.shape) << '\n';
  }
}
