// The main function of all test executables: doctest's, run in an empty folder that is removed afterwards.
#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>

int main(int argc, char** argv) {
  doctest::Context context(argc, argv);
  std::string folder = (std::filesystem::temp_directory_path() / "paramstore-test-XXXXXX").string();
  if (mkdtemp(folder.data()) == nullptr) {
    std::perror(folder.c_str());
    return EXIT_FAILURE;
  }
  std::filesystem::current_path(folder);
  const int result = context.run();
  std::filesystem::current_path("/");
  std::filesystem::remove_all(folder);
  return result;
}
