// Finds everything that is wrong in a file; all other code stops at the first error.
#include <SQLiteCpp/Column.h>
#include <SQLiteCpp/Statement.h>
#include <sqlite3.h>

#include <algorithm>
#include <limits>
#include <memory>
#include <set>
#include <utility>

#include "lib/storage/beside_store.h"
#include "lib/storage/connection.h"
#include "lib/storage/log_check.h"
#include "lib/storage/progress.h"
#include "lib/storage/record.h"
#include "lib/storage/sqlite_error.h"
#include "lib/text/sql_identifier.h"
#include "lib/text/utf8.h"
#include "paramstore/error.h"

namespace paramstore::storage {
namespace {

constexpr const char* verifying = "verify the store";

// The most findings per check of the structure.
constexpr int most_findings = 100;

// `message` without the file and parameter at its start, which a Damage has in other members.
std::string_view without_subject(std::string_view message, const std::string& path, std::string_view name) {
  const std::string file = path + ": ";
  const std::string param = file + "the parameter " + in_quotes(name) + ": ";
  for (const std::string& start : {param, file}) {
    if (message.substr(0, start.size()) == start) return message.substr(start.size());
  }
  return message;
}

// Rethrown, as it says nothing about the file.
bool out_of_memory(const StorageError& error) {
  return error.code() == SQLITE_NOMEM || error.code() == SQLITE_IOERR_NOMEM;
}

class Inspection {
 public:
  Inspection(StoreFile& file, const std::filesystem::path& resolved, SQLite::Database& database,
             const std::string& alias, FileStatements& queries, const Progress& progress)
      : file_(file),
        resolved_(resolved),
        database_(database),
        schema_(sql_identifier(alias)),
        queries_(queries),
        progress_(progress) {}

  Verification run() {
    total_ = 2 * file_size(queries_);
    inspect_structure();
    inspect_rows();
    inspect_values();
    inspect_chunks();
    if (!resolved_.empty()) {
      inspect_log();
      inspect_neighbours();
    }
    return std::move(result_);
  }

 private:
  void report(const std::string& name, std::string_view message) {
    std::string what(without_subject(message, file_.path(), name));
    if (seen_.emplace(name, what).second) result_.damage.push_back({name, std::move(what)});
  }

  void tell() const {
    if (progress_) progress_(std::min(done_, total_), total_);
  }

  // Runs a part of the inspection. An exception is a finding, and the other parts still run.
  template <class Part>
  void attempt(const Part& part) {
    try {
      part();
    } catch (const CorruptStore& error) {
      report("", error.what());
    } catch (const NotAStore& error) {
      report("", error.what());
    } catch (const StoreBusy&) {
      throw;
    } catch (const StorageError& error) {
      if (out_of_memory(error)) throw;
      report("", error.what());
    }
  }

  void run_check(const std::string& pragma) {
    attempt([&] {
      in_our_words(database_, file_.path(), verifying, [&] {
        SQLite::Statement check(database_, "PRAGMA " + schema_ + "." + pragma);
        std::vector<std::string> found;
        const auto report_found = [&] {
          if (found == std::vector<std::string>{"ok"}) return;
          require_readable(database_.getHandle(), file_.path(), verifying);
          for (const std::string& each : found) report("", each);
        };
        try {
          run_watched(
              database_.getHandle(), [&] { tell(); },
              [&] {
                while (check.executeStep()) found.push_back(check.getColumn(0).getString());
              });
        } catch (const SQLite::Exception&) {
          report_found();
          throw;
        }
        report_found();
      });
    });
  }

  // All pages, without evaluating any SQL in a stranger's table or index; then our tables with their indexes.
  // RecordReader checks what their CHECK constraints say: SQLite skips those in a file opened for reading only.
  void inspect_structure() {
    run_check("quick_check(" + std::to_string(most_findings) + ")");
    for (const char* table : {"params", "chunks", "commits", "meta", "scopes"}) {
      run_check(std::string("integrity_check(") + table + ")");
    }
    done_ = total_ / 2;
  }

  void inspect_rows() {
    attempt([&] {
      const Revision newest = file_.revision();
      if (newest == std::numeric_limits<Revision>::max())
        report("", "the newest commit has the greatest revision possible, so no other can follow it");
      const StatementUse row(queries_[StatementId::list]);
      RecordReader reader(queries_, file_.path());
      std::int64_t last_id = 0;
      while (row->step()) {
        const std::int64_t id = row->integer(0);
        if (id <= last_id)
          throw CorruptStore(file_.path() + ": the rows from " + std::to_string(id) + " on are out of order");
        last_id = id;
        const std::string name(row->text(1).substr(0, 1024));
        try {
          ParamRecord record = reader.read(*row);
          if (record.revision < 1 || record.revision > newest) {
            report(name,
                   "its revision is " + std::to_string(record.revision) + "; the store's is " + std::to_string(newest));
          }
          if (record.id > max_id) report(name, "its id is " + std::to_string(record.id) + ", which is above 2^62");
          result_.records.push_back(std::move(record));
        } catch (const CorruptStore& error) {
          report(name, error.what());
        }
      }
    });
  }

  void inspect_values() {
    std::uint64_t room = 0;
    std::unique_ptr<char[]> buffer;
    for (const ParamRecord& record : result_.records) {
      const std::uint64_t size = *value_size(record.shape, record.dtype);  // valid, as the row was read
      if (size > room) {
        buffer.reset();
        buffer.reset(new char[size]);  // not zeroed
        room = size;
      }
      try {
        file_.read_value(record, buffer.get());
        if (!record.checksum) ++result_.without_checksum;
      } catch (const StoreBusy&) {
        throw;
      } catch (const StorageError& error) {
        if (out_of_memory(error)) throw;
        report(record.name, error.what());
      } catch (const Error& error) {
        report(record.name, error.what());
      }
      result_.bytes += size;
      done_ += size;
      tell();
    }
  }

  void inspect_chunks() {
    attempt([&] {
      in_our_words(database_, file_.path(), verifying, [&] {
        SQLite::Statement stray(
            database_, "SELECT DISTINCT param FROM " + schema_ + ".chunks WHERE param NOT IN (SELECT id FROM " +
                           schema_ + ".params WHERE length(value) = 0) LIMIT " + std::to_string(most_findings));
        while (stray.executeStep()) {
          report("", "chunks belong to row " + std::to_string(stray.getColumn(0).getInt64()) +
                         ", which has no value in chunks");
        }
      });
    });
  }

  // SQLite takes a damaged log for one that ends there.
  void inspect_log() {
    attempt([&] {
      const std::filesystem::path log = beside(resolved_, "-wal");
      const auto damage = find_log_damage(log, page_size());
      if (!damage) return;
      report("", log.string() + ": the log is damaged at byte " + std::to_string(damage->offset) +
                     ": SQLite takes that for its end, and drops the commits from there on, at least " +
                     std::to_string(damage->lost_commits) +
                     "; before anything writes to the store, which would overwrite them, copy it and its log, or "
                     "restore both from a copy");
    });
  }

  std::uint64_t page_size() const {
    return in_our_words(database_, file_.path(), verifying, [&] {
      return static_cast<std::uint64_t>(database_.execAndGet("PRAGMA " + schema_ + ".page_size").getInt64());
    });
  }

  // A copy of the file alone is sound, and may still lack scopes, or its newest commits.
  void inspect_neighbours() {
    attempt([&] {
      in_our_words(database_, file_.path(), verifying, [&] {
        FileSays says;
        SQLite::Statement scopes(database_, "SELECT name FROM " + schema_ + ".scopes ORDER BY name");
        while (scopes.executeStep()) says.scopes.push_back(scopes.getColumn(0).getString());
        says.revision = file_.revision();
        says.page_size = page_size();
        look_beside(resolved_, says, result_.missing, result_.notes);
      });
    });
  }

  StoreFile& file_;
  const std::filesystem::path& resolved_;
  SQLite::Database& database_;
  std::string schema_;
  FileStatements& queries_;
  const Progress& progress_;
  Verification result_;
  std::set<std::pair<std::string, std::string>> seen_;  // the two checks of the structure may find the same
  std::uint64_t done_ = 0;
  std::uint64_t total_ = 0;
};

}  // namespace

Verification StoreFile::verify(const Progress& progress) {
  const ReadTransaction snapshot(*this);
  FileStatements& queries = impl_->ready();
  Verification result =
      Inspection(*this, impl_->resolved, impl_->connection->database(), impl_->alias, queries, progress).run();
  if (!result.damage.empty()) impl_->refuse_outdated();
  return result;
}

}  // namespace paramstore::storage
