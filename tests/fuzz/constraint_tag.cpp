// A constraint tag: it is refused at a place inside the text, or it is a tree that survives being written and read.
#include <string>

#include "fuzz/target.h"
#include "lib/text/constraint_signatures.h"
#include "lib/text/tag.h"

using namespace paramstore;
using paramstore::fuzz::require;

namespace {

std::size_t nodes_in(const TagNode& node) {
  std::size_t count = 1 + node.elements.size();
  for (const TagNode& child : node.children) count += nodes_in(child);
  return count;
}

void read_numbers(const TagNode& node) {
  if (node.kind == TagNode::Kind::number) {
    for (const auto& read :
         {+[](const TagNode& number) { tag_real(number); }, +[](const TagNode& number) { tag_integer(number); }}) {
      try {
        read(node);
      } catch (const TagError&) {
        // Out of the range of this type.
      }
    }
  }
  for (const TagNode& child : node.children) read_numbers(child);
}

bool parses(std::string_view text, TagNode& tree) {
  try {
    tree = parse_tag_tree(text);
    return true;
  } catch (const TagError& error) {
    require(error.place() <= text.size(), "an error is at a place of the text");
    require(!describe(error, text).empty(), "an error can be described");
    return false;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = fuzz::text_of(data, size);
  const auto problem = tag_problem(text);
  nearest_constraint(text);
  TagNode tree;
  if (!parses(text, tree)) {
    require(problem && problem->kind == TagProblem::Kind::invalid, "a text that does not parse is an invalid tag");
    return 0;
  }
  require(nodes_in(tree) <= size, "a tree is no larger than its text");
  read_numbers(tree);
  const std::string written = write_tag_tree(tree);
  TagNode again;
  require(parses(written, again), "a tag that is written parses");
  require(write_tag_tree(again) == written, "a tag that is written and read is the same tag");
  require(nodes_in(again) == nodes_in(tree), "a tag that is written and read has the same tree");
  return 0;
}
