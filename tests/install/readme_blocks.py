"""Reads README.md: the fenced blocks that stand under an HTML comment, which says what they are for."""

import re
from dataclasses import dataclass


@dataclass
class Block:
    purpose: str  # the comment: a file's path, "run in ...", "prints"
    language: str
    text: str


def read_blocks(markdown):
    pattern = re.compile(r"^<!-- (.+?) -->\n```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
    return [Block(*match.groups()) for match in pattern.finditer(markdown)]


def fences_without_purpose(markdown):
    """Fenced blocks that no comment stands above: nobody would test them."""
    return len(re.findall(r"^```\w+$", markdown, re.MULTILINE)) - len(read_blocks(markdown))
