"""Reads README.md and pages like it: the fenced blocks under an HTML comment that says what each is for."""

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
    """How many fenced blocks have no comment above them: nothing would test those."""
    return len(re.findall(r"^```\w+$", markdown, re.MULTILINE)) - len(read_blocks(markdown))
