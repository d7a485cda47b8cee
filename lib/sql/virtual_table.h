// SQLite's virtual tables, read-only, from a C++ class for the cursor.
//
// A Cursor is
//
//   class Cursor {
//    public:
//     static std::string declaration(const Settings& settings);      // CREATE TABLE x(...)
//     static bool plan(sqlite3_index_info& info);                    // xBestIndex; false: not with these constraints
//     Cursor(sqlite3* db, const Settings& settings);
//     void filter(int plan, sqlite3_value** values, int count);      // xFilter
//     void next();
//     bool at_end() const;
//     void column(sqlite3_context* context, int column);
//     sqlite3_int64 rowid() const;
//   };
//
// and may throw; SQLite gets the message, and the code of a StorageError or of damage. `Settings` must live as long as
// the connection. The table can be used under its module's name without CREATE, takes arguments like a function, and
// can also be created.
#pragma once

#include <exception>
#include <memory>
#include <new>
#include <string>

#include "lib/sql/sqlite_api.h"
#include "paramstore/error.h"

namespace paramstore::sql {

template <class Cursor, class Settings>
class VirtualTable {
 public:
  /// Returns SQLite's result code.
  static int register_module(sqlite3* db, const char* name, const Settings* settings) noexcept {
    return sqlite3_create_module_v2(db, name, &module, const_cast<Settings*>(settings), nullptr);
  }

 private:
  struct Table : sqlite3_vtab {
    sqlite3* db = nullptr;
    const Settings* settings = nullptr;
  };
  struct OpenCursor : sqlite3_vtab_cursor {
    OpenCursor(sqlite3* db, const Settings& settings) : sqlite3_vtab_cursor{}, cursor(db, settings) {}
    Cursor cursor;
  };

  /// Runs `action`, which returns nothing, and turns an exception into a result code.
  template <class Action>
  static int guarded(char** message, Action&& action) noexcept {
    const auto keep = [message](const char* what, int code) {
      sqlite3_free(*message);
      *message = sqlite3_mprintf("%s", what);
      return code;
    };
    try {
      action();
      return SQLITE_OK;
    } catch (const std::bad_alloc&) {
      return SQLITE_NOMEM;
    } catch (const StorageError& error) {
      return keep(error.what(), error.code() == SQLITE_OK ? SQLITE_ERROR : error.code());
    } catch (const CorruptStore& error) {
      return keep(error.what(), SQLITE_CORRUPT_VTAB);
    } catch (const std::exception& error) {
      return keep(error.what(), SQLITE_ERROR);
    } catch (...) {
      return keep("an exception of an unknown kind", SQLITE_ERROR);
    }
  }

  static Cursor& cursor_of(sqlite3_vtab_cursor* base) noexcept { return static_cast<OpenCursor*>(base)->cursor; }

  static int connect(sqlite3* db, void* settings, int, const char* const*, sqlite3_vtab** table,
                     char** message) noexcept {
    return guarded(message, [&] {
      auto made = std::make_unique<Table>();
      made->db = db;
      made->settings = static_cast<const Settings*>(settings);
      int code = sqlite3_declare_vtab(db, Cursor::declaration(*made->settings).c_str());
      if (code == SQLITE_OK) code = sqlite3_vtab_config(db, SQLITE_VTAB_INNOCUOUS);
      if (code != SQLITE_OK) throw StorageError(sqlite3_errmsg(db), code);
      *table = made.release();
    });
  }
  static int disconnect(sqlite3_vtab* table) noexcept {
    delete static_cast<Table*>(table);
    return SQLITE_OK;
  }
  static int best_index(sqlite3_vtab* table, sqlite3_index_info* info) noexcept {
    bool possible = true;
    const int code = guarded(&table->zErrMsg, [&] { possible = Cursor::plan(*info); });
    return code == SQLITE_OK && !possible ? SQLITE_CONSTRAINT : code;
  }
  static int open(sqlite3_vtab* base, sqlite3_vtab_cursor** cursor) noexcept {
    const auto* table = static_cast<Table*>(base);
    return guarded(&base->zErrMsg,
                   [&] { *cursor = std::make_unique<OpenCursor>(table->db, *table->settings).release(); });
  }
  static int close(sqlite3_vtab_cursor* cursor) noexcept {
    delete static_cast<OpenCursor*>(cursor);
    return SQLITE_OK;
  }
  static int filter(sqlite3_vtab_cursor* cursor, int plan, const char*, int count, sqlite3_value** values) noexcept {
    return guarded(&cursor->pVtab->zErrMsg, [&] { cursor_of(cursor).filter(plan, values, count); });
  }
  static int next(sqlite3_vtab_cursor* cursor) noexcept {
    return guarded(&cursor->pVtab->zErrMsg, [&] { cursor_of(cursor).next(); });
  }
  static int at_end(sqlite3_vtab_cursor* cursor) noexcept { return cursor_of(cursor).at_end() ? 1 : 0; }
  static int column(sqlite3_vtab_cursor* cursor, sqlite3_context* context, int column) noexcept {
    return guarded(&cursor->pVtab->zErrMsg, [&] { cursor_of(cursor).column(context, column); });
  }
  static int rowid(sqlite3_vtab_cursor* cursor, sqlite3_int64* rowid) noexcept {
    *rowid = cursor_of(cursor).rowid();
    return SQLITE_OK;
  }

  static sqlite3_module make_module() noexcept {
    sqlite3_module made{};
    made.xCreate = connect;  // the same as xConnect, so the table is there without being created
    made.xConnect = connect;
    made.xBestIndex = best_index;
    made.xDisconnect = disconnect;
    made.xDestroy = disconnect;
    made.xOpen = open;
    made.xClose = close;
    made.xFilter = filter;
    made.xNext = next;
    made.xEof = at_end;
    made.xColumn = column;
    made.xRowid = rowid;
    return made;
  }
  inline static const sqlite3_module module = make_module();
};

}  // namespace paramstore::sql
