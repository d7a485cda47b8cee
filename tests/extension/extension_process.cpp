// A process that has nothing of LibTorch of its own, as a script of loading_test.py.
//
// usage: extension_process STEP...
//   load=FILE   loads the extension
//   map=FILE    maps a shared library
//   maps        prints the mapped libraries of LibTorch, a line each
//   sql=SQL     prints the first column of the first row, or "error: " and the message
#include <dlfcn.h>
#include <link.h>
#include <sqlite3.h>

#include <cstdlib>
#include <iostream>
#include <string>

namespace {

[[noreturn]] void give_up(const std::string& why) {
  std::cerr << why << '\n';
  std::exit(1);
}

void load(sqlite3* db, const std::string& file) {
  sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 1, nullptr);
  char* message = nullptr;
  if (sqlite3_load_extension(db, file.c_str(), nullptr, &message) != SQLITE_OK) give_up(file + ": " + message);
}

void map(const std::string& file) {
  if (dlopen(file.c_str(), RTLD_NOW) == nullptr) give_up(dlerror());
}

int print_if_libtorch(dl_phdr_info* library, std::size_t, void*) {
  const std::string path = library->dlpi_name;
  const std::string name = path.substr(path.rfind('/') + 1);
  if (name.rfind("libtorch", 0) == 0 || name.rfind("libc10", 0) == 0) std::cout << path << '\n';
  return 0;
}

void print_answer(sqlite3* db, const std::string& sql) {
  sqlite3_stmt* statement = nullptr;
  int code = sqlite3_prepare_v2(db, sql.c_str(), -1, &statement, nullptr);
  if (code == SQLITE_OK) code = sqlite3_step(statement);
  if (code == SQLITE_ROW) {
    const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement, 0));
    std::cout << (text == nullptr ? "NULL" : text) << '\n';
  } else {
    std::cout << "error: " << sqlite3_errmsg(db) << '\n';
  }
  sqlite3_finalize(statement);
}

}  // namespace

int main(int count, char** arguments) {
  sqlite3* db = nullptr;
  if (sqlite3_open(":memory:", &db) != SQLITE_OK) give_up("SQLite cannot open a database in memory");
  for (int i = 1; i < count; ++i) {
    const std::string step = arguments[i];
    const std::string what = step.substr(0, step.find('='));
    const std::string argument = what.size() < step.size() ? step.substr(what.size() + 1) : "";
    if (what == "load") {
      load(db, argument);
    } else if (what == "map") {
      map(argument);
    } else if (what == "maps") {
      dl_iterate_phdr(print_if_libtorch, nullptr);
    } else if (what == "sql") {
      print_answer(db, argument);
    } else {
      give_up("what is " + step + "?");
    }
  }
  sqlite3_close(db);
  return 0;
}
