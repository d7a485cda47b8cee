#include "faults/disk_model.h"

#include <fcntl.h>

#include <algorithm>
#include <functional>
#include <stdexcept>

#include "faults/file_bytes.h"

namespace faults {
namespace {

namespace fs = std::filesystem;
using Kind = DiskCall::Kind;

void apply_change(std::string& contents, std::size_t offset, std::string_view data) {
  if (contents.size() < offset + data.size()) contents.resize(offset + data.size());
  contents.replace(offset, data.size(), data);
}

// Which of `count` changes, in the order in which they were made, survive: none, all, those up to some point, or any.
class Survival {
 public:
  Survival(std::size_t count, std::mt19937_64& random) : random_(random) {
    constexpr unsigned chances[] = {10, 50, 90};
    switch (random() % 6) {
      case 0:
        until_ = 0;
        break;
      case 1:
        until_ = count;
        break;
      case 2:
      case 3:
        until_ = random() % (count + 1);
        break;
      default:
        until_ = 0;
        chance_ = chances[random() % std::size(chances)];
    }
  }
  bool next() { return at_++ < until_ || random_() % 100 < chance_; }

 private:
  std::mt19937_64& random_;
  std::size_t at_ = 0;
  std::size_t until_ = 0;
  unsigned chance_ = 0;
};

}  // namespace

std::string Recorder::below(const std::string& path) const {
  const std::string folder = folder_.string();
  return path.size() > folder.size() ? path.substr(folder.size() + 1) : "";
}

Recorder::Recorder(fs::path folder) : folder_(std::move(folder)) {
  for (const auto& entry : fs::recursive_directory_iterator(folder_)) existing_.insert(below(entry.path().string()));
}

Verdict Recorder::before(const CallSeen&) { return {}; }

void Recorder::after(const CallSeen& call, std::int64_t result) {
  if (result < 0) return;
  // What is written to a file without a name is gone in any case.
  constexpr std::string_view deleted = " (deleted)";
  if (call.path.size() > deleted.size() && call.path.substr(call.path.size() - deleted.size()) == deleted) return;
  const std::string path = below(call.path);
  const auto record = [&](Kind kind) -> DiskCall& {
    calls.push_back({kind, path, {}, 0, {}});
    return calls.back();
  };
  switch (call.call) {
    case SystemCall::open:
      if ((call.flags & O_CREAT) != 0 && !exists(path)) {
        record(Kind::create);
        existing_.insert(path);
      }
      if ((call.flags & O_TRUNC) != 0) record(Kind::truncate);
      break;
    case SystemCall::write: {
      if (result == 0) break;
      DiskCall& write = record(Kind::write);
      write.offset = call.offset;
      write.data.assign(static_cast<const char*>(call.data), static_cast<std::size_t>(result));
      break;
    }
    case SystemCall::truncate:
      record(Kind::truncate).offset = call.offset;
      break;
    case SystemCall::sync:
      record(Kind::sync);
      break;
    case SystemCall::unlink:
      record(Kind::remove);
      existing_.erase(path);
      break;
    case SystemCall::rename:
      record(Kind::rename).target = below(call.target);
      existing_.erase(path);
      existing_.insert(below(call.target));
      break;
    case SystemCall::mkdir:
      record(Kind::make_folder);
      existing_.insert(path);
      break;
    case SystemCall::allocate:
      failure = "a file was extended by fallocate, which the model of the disk does not know";
      break;
    default:
      break;
  }
}

DiskModel::DiskModel(const std::map<std::string, std::string>& files) {
  make_node(true);
  for (const auto& [name, contents] : files) {
    const int node = make_node(false);
    nodes_[static_cast<std::size_t>(node)].synced = contents;
    nodes_.front().entries[name] = node;
  }
  nodes_.front().synced_entries = nodes_.front().entries;
}

int DiskModel::make_node(bool is_folder) {
  nodes_.emplace_back().is_folder = is_folder;
  return static_cast<int>(nodes_.size()) - 1;
}

int DiskModel::find(const std::string& path) const {
  int node = 0;
  for (const fs::path& part : fs::path(path)) {
    const auto& entries = nodes_[static_cast<std::size_t>(node)].entries;
    const auto entry = entries.find(part.string());
    if (entry == entries.end()) throw std::logic_error(path + ": the model of the disk has no such file");
    node = entry->second;
  }
  return node;
}

std::pair<int, std::string> DiskModel::place_of(const std::string& path) const {
  const fs::path whole(path);
  return {find(whole.parent_path().string()), whole.filename().string()};
}

void DiskModel::apply(const DiskCall& call) {
  const auto change_names = [&](int node) {
    const auto [folder, name] = place_of(call.path);
    auto& entries = nodes_[static_cast<std::size_t>(folder)].entries;
    NameChange change{call.kind, folder, name, node, {}};
    if (call.kind == Kind::rename) {
      const auto [target_folder, target] = place_of(call.target);
      if (target_folder != folder) throw std::logic_error("a file was moved to another folder");
      change.target = target;
      entries[target] = node;
    }
    if (call.kind == Kind::create || call.kind == Kind::make_folder) {
      entries[name] = node;
    } else {
      entries.erase(name);
    }
    name_changes_.push_back(change);
  };
  switch (call.kind) {
    case Kind::create:
    case Kind::make_folder:
      change_names(make_node(call.kind == Kind::make_folder));
      break;
    case Kind::remove:
    case Kind::rename:
      change_names(find(call.path));
      break;
    case Kind::write:
    case Kind::truncate:
      nodes_[static_cast<std::size_t>(find(call.path))].pending.push_back(
          {call.offset, call.data, call.kind == Kind::truncate});
      break;
    case Kind::sync: {
      const int number = find(call.path);
      Node& node = nodes_[static_cast<std::size_t>(number)];
      for (const Change& change : node.pending) {
        if (change.truncation) {
          node.synced.resize(static_cast<std::size_t>(change.offset));
        } else {
          apply_change(node.synced, static_cast<std::size_t>(change.offset), change.data);
        }
      }
      node.pending.clear();
      if (!node.is_folder) break;
      node.synced_entries = node.entries;
      name_changes_.erase(std::remove_if(name_changes_.begin(), name_changes_.end(),
                                         [&](const NameChange& change) { return change.folder == number; }),
                          name_changes_.end());
      break;
    }
  }
}

std::string DiskModel::contents_after_loss(const Node& node, std::mt19937_64& random) const {
  const std::size_t piece = random() % 2 == 0 ? 512 : 4096;
  const auto pieces_of = [piece](const Change& change) {
    const auto begin = static_cast<std::size_t>(change.offset) / piece;
    return change.truncation ? 1
                             : (static_cast<std::size_t>(change.offset) + change.data.size() - 1) / piece - begin + 1;
  };
  std::size_t count = 0;
  for (const Change& change : node.pending) count += pieces_of(change);
  Survival survival(count, random);
  std::string contents = node.synced;
  for (const Change& change : node.pending) {
    const auto offset = static_cast<std::size_t>(change.offset);
    if (change.truncation) {
      if (survival.next()) contents.resize(offset);
      continue;
    }
    for (std::size_t at = offset; at < offset + change.data.size();) {
      const std::size_t end = std::min((at / piece + 1) * piece, offset + change.data.size());
      if (survival.next()) apply_change(contents, at, std::string_view(change.data).substr(at - offset, end - at));
      at = end;
    }
  }
  return contents;
}

void DiskModel::write_tree(const std::vector<std::map<std::string, int>>& names, int node, const fs::path& path,
                           std::mt19937_64& random) const {
  for (const auto& [name, number] : names[static_cast<std::size_t>(node)]) {
    const Node& entry = nodes_[static_cast<std::size_t>(number)];
    if (entry.is_folder) {
      fs::create_directory(path / name);
      write_tree(names, number, path / name, random);
    } else {
      write_file(path / name, contents_after_loss(entry, random));
    }
  }
}

void DiskModel::power_loss(const fs::path& folder, std::mt19937_64& random) const {
  std::vector<std::map<std::string, int>> names;
  names.reserve(nodes_.size());
  for (const Node& node : nodes_) names.push_back(node.synced_entries);
  Survival survival(name_changes_.size(), random);
  for (const NameChange& change : name_changes_) {
    if (!survival.next()) continue;
    auto& entries = names[static_cast<std::size_t>(change.folder)];
    switch (change.kind) {
      case Kind::create:
      case Kind::make_folder:
        entries[change.name] = change.node;
        break;
      case Kind::rename:
        entries.erase(change.name);
        entries[change.target] = change.node;
        break;
      default:
        entries.erase(change.name);
    }
  }
  write_tree(names, 0, folder, random);
}

}  // namespace faults
