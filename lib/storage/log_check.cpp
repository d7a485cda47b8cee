#include "lib/storage/log_check.h"

#include <cerrno>
#include <chrono>
#include <fstream>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>

#include "lib/storage/sync.h"

namespace paramstore::storage {
namespace {

constexpr std::size_t header_size = 32;
constexpr std::size_t frame_header_size = 24;
constexpr std::size_t summed_header = 24;       // bytes of the header that its checksum covers
constexpr std::size_t summed_frame_header = 8;  // bytes of a frame's header: not its salts
constexpr std::uint32_t magic = 0x377f0682;     // its last bit: words are summed as big-endian numbers
constexpr std::uint32_t version = 3007000;

std::uint32_t big_endian(const char* bytes) {
  std::uint32_t number = 0;
  for (int i = 0; i < 4; ++i) number = number << 8 | static_cast<unsigned char>(bytes[i]);
  return number;
}

std::uint32_t little_endian(const char* bytes) {
  std::uint32_t number = 0;
  for (int i = 3; i >= 0; --i) number = number << 8 | static_cast<unsigned char>(bytes[i]);
  return number;
}

/// SQLite's checksum, which goes on from that of the bytes before. Two Fibonacci-weighted sums of 32-bit words.
struct Checksum {
  std::uint32_t first = 0;
  std::uint32_t second = 0;

  Checksum over(std::string_view bytes, bool words_are_big_endian) const {
    Checksum sum = *this;
    const auto word = words_are_big_endian ? big_endian : little_endian;
    for (std::size_t at = 0; at + 8 <= bytes.size(); at += 8) {
      sum.first += word(bytes.data() + at) + sum.second;
      sum.second += word(bytes.data() + at + 4) + sum.first;
    }
    return sum;
  }

  static Checksum stored(const char* bytes) { return {big_endian(bytes), big_endian(bytes + 4)}; }
  bool operator==(const Checksum& other) const { return first == other.first && second == other.second; }
};

struct Frame {
  std::string bytes;  // header and page

  bool has_page_number() const { return big_endian(bytes.data()) != 0; }
  bool is_commit() const { return big_endian(bytes.data() + 4) != 0; }  // the size of the database after it
  std::string_view salts() const { return std::string_view(bytes).substr(8, 8); }
  Checksum stored() const { return Checksum::stored(bytes.data() + 16); }
  Checksum following(const Checksum& before, bool words_are_big_endian) const {
    const std::string_view all = bytes;
    return before.over(all.substr(0, summed_frame_header), words_are_big_endian)
        .over(all.substr(frame_header_size), words_are_big_endian);
  }
};

// A log from its header on, frame by frame.
class LogReader {
 public:
  explicit LogReader(const std::filesystem::path& path) : path_(path), file_(path, std::ios::binary) {}

  bool read(std::string& bytes) {
    errno = 0;
    file_.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    if (file_.bad()) throw_system_error(path_, "cannot be read", errno == 0 ? EIO : errno);
    return static_cast<std::size_t>(file_.gcount()) == bytes.size();
  }

 private:
  const std::filesystem::path& path_;
  std::ifstream file_;
};

struct Finding {
  LogDamage damage;
  std::string header;
};

class LogCheck {
 public:
  LogCheck(const std::filesystem::path& path, std::uint64_t page_size) : log_(path), header_(header_size, '\0') {
    frame_.bytes.resize(frame_header_size + page_size);
  }

  std::optional<Finding> run() {
    if (!log_.read(header_) || !next()) return std::nullopt;
    std::optional<LogDamage> damage;
    if (read_header()) {
      if (skip_sound_frames()) damage = look_behind_frame();
    } else {
      damage = look_behind_header();
    }
    if (!damage) return std::nullopt;
    return Finding{*damage, header_};
  }

 private:
  // The next frame; false at the end.
  bool next() {
    if (!log_.read(frame_.bytes)) return false;
    ++number_;
    return true;
  }

  std::uint64_t offset() const { return header_size + (number_ - 1) * frame_.bytes.size(); }

  bool read_header() {
    const std::uint32_t found = big_endian(header_.data());
    big_endian_words_ = (found & 1U) != 0;
    salts_ = header_.substr(16, 8);
    before_ = Checksum::stored(header_.data() + summed_header);
    return (found & ~1U) == magic && big_endian(header_.data() + 4) == version &&
           big_endian(header_.data() + 8) == frame_.bytes.size() - frame_header_size && before_ == header_sum();
  }

  Checksum header_sum() const {
    return Checksum().over(std::string_view(header_).substr(0, summed_header), big_endian_words_);
  }

  // False if the log ends soundly; otherwise the current frame is not sound.
  bool skip_sound_frames() {
    do {
      const Checksum sum = frame_.following(before_, big_endian_words_);
      if (frame_.salts() != salts_ || !(sum == frame_.stored()) || !frame_.has_page_number()) return true;
      before_ = sum;
    } while (next());
    return false;
  }

  // Whether the current frame was written directly after one with either of these checksums.
  bool follows(const Checksum& a, const Checksum& b) const {
    if (frame_.salts() != salts_) return false;
    return frame_.following(a, big_endian_words_) == frame_.stored() ||
           frame_.following(b, big_endian_words_) == frame_.stored();
  }

  // The commits in the frames that follow one another from the current one on, which is not sound or the first behind
  // something that is not. `stored` and `computed` are the checksums of what comes before; one of them is right.
  // Nothing unless a transaction follows the first one.
  std::optional<std::uint64_t> commits_from_here(std::uint64_t commits, bool begun, Checksum stored,
                                                 Checksum computed) {
    while (next() && follows(stored, computed)) {
      begun = begun || commits > 0;
      commits += frame_.is_commit() ? 1 : 0;
      stored = computed = frame_.stored();
    }
    if (!begun) return std::nullopt;
    return commits;
  }

  std::optional<LogDamage> look_behind_frame() {
    LogDamage damage{offset(), 0};
    const Checksum computed = frame_.following(before_, big_endian_words_);
    // Otherwise it is of an older generation, and the log ends here. The checksum does not cover the salts.
    if (frame_.salts() != salts_ && !(computed == frame_.stored())) return std::nullopt;
    const auto commits = commits_from_here(frame_.is_commit() ? 1 : 0, false, frame_.stored(), computed);
    if (!commits) return std::nullopt;
    damage.lost_commits = *commits;
    return damage;
  }

  // SQLite syncs the header before the first frame, so a frame that follows it proves that it was whole.
  std::optional<LogDamage> look_behind_header() {
    const Checksum stored = before_;
    salts_ = frame_.salts();  // all frames have them, too
    for (const bool words : {false, true}) {
      big_endian_words_ = words;
      const Checksum computed = header_sum();
      if (!follows(stored, computed)) continue;
      const Checksum sum = frame_.stored();
      const auto commits = commits_from_here(frame_.is_commit() ? 1 : 0, true, sum, sum);
      if (*commits == 0) return std::nullopt;
      return LogDamage{0, *commits};
    }
    return std::nullopt;
  }

  LogReader log_;
  std::string header_;
  Frame frame_;
  std::uint64_t number_ = 0;  // of the current frame, from 1
  bool big_endian_words_ = false;
  std::string salts_;
  Checksum before_;  // of everything before the current frame
};

}  // namespace

std::optional<LogDamage> find_log_damage(const std::filesystem::path& path, std::uint64_t page_size) {
  constexpr int most_looks = 10;
  std::optional<Finding> last;
  // What somebody is writing at this moment may look damaged; what stays so is.
  for (int look = 0; look < most_looks; ++look) {
    std::error_code error;
    const auto size = std::filesystem::file_size(path, error);
    if (error || size <= header_size) return std::nullopt;
    auto found = LogCheck(path, page_size).run();
    if (!found) return std::nullopt;
    if (last && last->damage.offset == found->damage.offset && last->header == found->header) return found->damage;
    last = std::move(found);
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return std::nullopt;
}

}  // namespace paramstore::storage
