# Writes OUTPUT, a C++ file with the text of every SCHEMA_DIR/NNNN-*.sql in order.
file(GLOB scripts "${SCHEMA_DIR}/[0-9][0-9][0-9][0-9]-*.sql")
list(SORT scripts)
set(expected 1)
foreach(script IN LISTS scripts)
  get_filename_component(name "${script}" NAME)
  string(SUBSTRING "${name}" 0 4 number)
  math(EXPR version "1${number} - 10000")
  if(NOT version EQUAL expected)
    message(FATAL_ERROR "schema/${name}: the next script's number is ${expected}")
  endif()
  math(EXPR expected "${expected} + 1")
  # As bytes: a string literal has a greatest length, and CMake's lists would eat semicolons.
  file(READ "${script}" hex HEX)
  string(REGEX REPLACE "(................................)" "\\1\n" hex "${hex}")
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
  string(APPEND arrays "// ${name}\nconstexpr char script_${version}[] = {\n${bytes}0x00};\n\n")
  string(APPEND entries "      {${version}, script_${version}},\n")
endforeach()
file(WRITE "${OUTPUT}" "// Made from schema/*.sql by embed_schema.cmake.
#include \"lib/storage/migrations.h\"

namespace paramstore::storage {
namespace {

${arrays}}  // namespace

const std::vector<Migration>& migrations() {
  static const std::vector<Migration> all = {
${entries}  };
  return all;
}

}  // namespace paramstore::storage
")
