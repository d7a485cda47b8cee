// What a store should be, said the slow and obvious way: lists of rows, searched from the front and copied whole.
//
// A File is what is committed. A View is what one store shows of it: the rows as it last took them in, and what it
// has changed in place since. Values here are never changed in place, so a copy of a View is a snapshot.
#pragma once

#include <ATen/ATen.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

namespace model {

/// Whether two tensors hold the same bytes under the same dtype and shape. NaN equals itself here, 0 does not equal -0.
inline bool same(const at::Tensor& a, const at::Tensor& b) {
  if (a.scalar_type() != b.scalar_type() || a.sizes() != b.sizes()) return false;
  const at::Tensor x = a.detach().contiguous();
  const at::Tensor y = b.detach().contiguous();
  return x.nbytes() == 0 || std::memcmp(x.data_ptr(), y.data_ptr(), x.nbytes()) == 0;
}

/// Whether one's contents can go into the other.
inline bool same_kind(const at::Tensor& a, const at::Tensor& b) {
  return a.scalar_type() == b.scalar_type() && a.sizes() == b.sizes();
}

struct Row {
  std::int64_t key = 0;    // this row, and never another
  std::int64_t stamp = 0;  // of its last change
  std::string name;
  std::string tag;
  at::Tensor value;  // unconstrained
};

/// What everybody sees who opens the file.
class File {
 public:
  std::vector<Row> rows;  // in insertion order

  Row* named(const std::string& name) {
    for (Row& row : rows) {
      if (row.name == name) return &row;
    }
    return nullptr;
  }
  Row* keyed(std::int64_t key) {
    for (Row& row : rows) {
      if (row.key == key) return &row;
    }
    return nullptr;
  }
  Row& add(const std::string& name, const std::string& tag, const at::Tensor& value) {
    rows.push_back({++clock_, ++clock_, name, tag, value});
    return rows.back();
  }
  void change(Row& row, const std::string& name, const std::string& tag, const at::Tensor& value) {
    row = {row.key, ++clock_, name, tag, value};
  }
  void erase(const std::string& name) {
    rows.erase(std::find_if(rows.begin(), rows.end(), [&](const Row& row) { return row.name == name; }));
  }

  /// Counts the commits of others than the store under test.
  std::int64_t others = 0;

 private:
  static inline std::int64_t clock_ = 0;  // goes on where a batch is undone, so that no stamp comes twice
};

struct Param {
  Row base;              // its row, as the store last read or wrote it; key 0: that row is gone
  at::Tensor value;      // what the leaf holds
  bool counted = false;  // changed since in a way that the version counter shows
  at::Tensor leaf = {};  // once somebody has looked
  const std::string& name() const { return base.name; }
  bool pending() const { return !same(value, base.value); }
};

/// What became of names in all, each in one list at most.
struct Report {
  std::vector<std::string> added, changed, removed;

  void add(const std::string& name) {
    if (!has(added, name) && !has(changed, name)) (take(removed, name) ? changed : added).push_back(name);
  }
  void change(const std::string& name) {
    take(removed, name);
    if (!has(added, name) && !has(changed, name)) changed.push_back(name);
  }
  void remove(const std::string& name) {
    if (take(added, name)) return;
    take(changed, name);
    if (!has(removed, name)) removed.push_back(name);
  }

 private:
  static bool has(const std::vector<std::string>& names, const std::string& name) {
    return std::find(names.begin(), names.end(), name) != names.end();
  }
  static bool take(std::vector<std::string>& names, const std::string& name) {
    const bool there = has(names, name);
    names.erase(std::remove(names.begin(), names.end(), name), names.end());
    return there;
  }
};

/// What one store shows.
class View {
 public:
  std::vector<Param> params;  // in the order it shows them
  std::int64_t others = 0;    // File::others when it last looked
  bool held_back = false;     // that look passed over rows whose parameters are pending here
  Report report;              // since the last refresh

  Param* named(const std::string& name) {
    for (Param& param : params) {
      if (param.name() == name) return &param;
    }
    return nullptr;
  }

  /// Whether somebody else has changed or removed the parameter's row since this store read it.
  static bool moved_on(File& file, const Param& param) {
    const Row* row = file.keyed(param.base.key);
    return row == nullptr || row->stamp != param.base.stamp;
  }

  /// Takes in what others have committed: a name is a parameter, whatever became of its row. What is pending here
  /// stays, unless `discard`.
  void take_in(File& file, bool discard) {
    if (others == file.others && !(held_back && discard)) return;
    others = file.others;
    held_back = false;
    std::vector<Param> before;
    before.swap(params);
    for (Param& param : before) {
      const Row* row = file.named(param.name());
      if (row && row->key == param.base.key && row->stamp == param.base.stamp) {
        params.push_back(param);
      } else if (!discard && param.pending()) {
        param.base.key = row ? row->key : 0;
        held_back = true;
        params.push_back(param);
      } else if (row) {
        report.change(param.name());
        const bool stays = same_kind(param.value, row->value);
        params.push_back({*row, row->value, false, stays ? param.leaf : at::Tensor()});
      } else {
        report.remove(param.name());
      }
    }
    for (const Row& row : file.rows) {
      if (named(row.name)) continue;
      report.add(row.name);
      params.push_back({row, row.value});
    }
    arrange(file);
  }

  /// The file's order; those whose row is gone come last.
  void arrange(File& file) {
    const auto place = [&](const Param& param) {
      const Row* row = file.keyed(param.base.key);
      return row ? row - file.rows.data() : static_cast<std::ptrdiff_t>(file.rows.size());
    };
    std::stable_sort(params.begin(), params.end(), [&](const Param& a, const Param& b) { return place(a) < place(b); });
  }

  /// Writes a parameter, new or not moved on, to the file.
  void put(File& file, const std::string& name, const std::string& tag, const at::Tensor& value) {
    if (Param* param = named(name)) {
      Row& row = *file.keyed(param->base.key);
      file.change(row, name, tag, value);
      const bool stays = same_kind(param->value, value);
      *param = {row, value, false, stays ? param->leaf : at::Tensor()};
    } else {
      params.push_back({file.add(name, tag, value), value});
      arrange(file);
    }
  }

  void erase(File& file, const std::string& name) {
    file.erase(name);
    params.erase(std::find_if(params.begin(), params.end(), [&](const Param& param) { return param.name() == name; }));
  }

  void clear(File& file) {
    file.rows.clear();
    params.clear();
  }

  /// What a commit has to write. With `counters` only what the version counter shows.
  std::vector<std::string> dirty(bool counters) const {
    std::vector<std::string> names;
    for (const Param& param : params) {
      if (param.pending() && (param.counted || !counters)) names.push_back(param.name());
    }
    return names;
  }

  /// Writes these, which are dirty, whatever others have done.
  void commit(File& file, const std::vector<std::string>& names) {
    for (const std::string& name : names) {
      Param& param = *named(name);
      if (!moved_on(file, param)) {
        file.change(*file.keyed(param.base.key), name, param.base.tag, param.value);
        param.base = *file.keyed(param.base.key);
      } else if (Row* theirs = file.named(name)) {
        file.change(*theirs, name, param.base.tag, param.value);
        param.base = *theirs;
      } else {
        param.base = file.add(name, param.base.tag, param.value);
      }
      param.counted = false;
    }
    arrange(file);
  }
};

}  // namespace model
