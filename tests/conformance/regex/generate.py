#!/usr/bin/env python3
"""Asks Python's own `re` what patterns mean, and writes cases.json, which regex_test.cpp holds match() against.

    python3 tests/conformance/regex/generate.py

Made with Python 3.11 (atomic groups and possessive repetitions begin there). A pattern that a test name below suits is
tried on it; one line in cases.json is one pattern with the names that match and those that do not, or with the fact that
it does not compile.
"""

import json
import pathlib
import platform
import re
import warnings

NAMES = [
    "a", "b", "ab", "aab", "aaab", "aaaab", "abc", "abcabc", "AB", "Abc", "x", "xyz", "0", "12", "1a", "_", "a_b", "a-b",
    "a.b", "a b", " a", "loc", "scale", "scale_1", "encoder$$$layer.weight", "encoder$$$layer.bias", "encoder2$$$w",
    "AutoNormal.locs.z", "AutoNormal.scales.z", "a\n", "a\nb", "\n", "\t", "\v", "\f", "\r", "\x07", "\b", "[", "]", "^", "-", "[a]",
    ":", "a]", "z]", "{", "}", "a{,}", "a{2}", "aa{", "a{x}", "{3}", "a{ 2}", "\\", "$", "*", "(", ")", "#", "a#b", "aa", "aaa", "aaaa",
    "aaaaa", "aba", "abab", "\u00e9", "e\u0301", "\u00c9", "stra\u00dfe", "STRASSE", "\u03c3", "\u03c2", "\u03a3", "\u0436\u0443\u043a", "\u4e2d\u6587", "\u0663",
    "\u00b2", "\u00bd", "\u2167", "\u216f", "\u00a0", "\u2003", "\u2028", "\x85", "\u200b", "\u203f", "\u212a", "k", "K", "\u017f", "\x1c", "\u180e", "s", "\U0001f600", "\U00010400",
    "\U00010428", "\u0130", "i", "\u0131", "&", "|", "~", "a&&b", "Z", "z", "v", "A", "8", "9", "\x01", "\x08", "!", "é\n",
]

PATTERNS = r"""
a
ab
abc
b
a|b
^a
a$
^a$
a\Z
\Aa
\Ab
a\Z\n
\Z
$
^
a.b
a.
.
..
(?s)a.b
(?s).
(?m)a$
(?m)a$\n^b
(?m)^b
encoder
encoder\$\$\$
encoder[$]{3}layer\.(weight|bias)
.*weight
.*\.weight$
AutoNormal\.(locs|scales)\..+
scale(_\d+)?$
loc|scale$
(?:loc|scale)$
[ab]
[^ab]
[a-c]+$
[abc]*$
[]a]
[^]a]
[]-a]
[]]
[^]]
[]
[^]
[
[a
[a-
[a-]
[-a]
[a-c-e]
[a\-c]
[[a]
[[]
[[a]]
[[:alpha:]]
[[:alpha:]]+
[[.a.]]
[[=a=]]
[a[b]
[a&&b]
[a||b]
[a--b]
[a~~b]
[\]]
[\[]
[\\]
[\^]
[^\^]
[z-a]
[a-\d]
[\d-z]
[\d-]
[-\d]
[\w-]
[a\d]
[\d\s]
[^\d\s]
[^\w]
[\W]
[\S]
[\D]
[\s\S]
[\n]
[\b]
[\v]
[\x41-\x43]
[\u0430-\u044f]+
[\U00010400-\U0001044f]
[.]
[$]
[*]
[(]
[)]
[{]
[#]
[\A]
[\B]
[\Z]
[\z]
[\1]
[\01]
[\8]
[\101]
[\q]
[\-]
[(?i)a]
\d
\D
\w
\W
\s
\S
\w+$
\W$
\d$
\s$
\S$
\ba
a\b
a\B
\Ba
\bab\b
\w\b\W
\n
\t
\v
\z
[\s-z]
[^\s]+$
[a\s]+$
\f
\r
\a
\\
\.
\$
\*
\[
\]
\{
\}
\(
\)
\#
\-
\_
\ 
\!
\&
\e
\é
\x41
\x61b
\x4
\x
\x{41}
\xZZ
\u0061
\u006
\u00e9
\u4e2d
\U00000061
\U0001f600
\U0001F60
\U00110000
\N
\N{DIGIT ONE
\0
\01
\001
\07
\08
\141
\1
\2
(a)\1
(a)\2
(a)\12
(a)\141
(a)\1b
(a)(b)\2\1
\1(a)
(\1a)
(a\1)
(a)?\1
(a)?\1b
(a|b)\1
(a)|b\1
\400
\8
\9
(a)\8
\b
\c
\cA
\g1
\g{1}
\h
\i
\k<a>
\l
\m
\o{101}
\p{L}
\pL
\P{L}
\q
\y
\C
\E
\G
\H
\K
\L
\Q
\Qa\E
\R
\U
\V
\X
\Z*
\Z+
a\
\
a*
a*b
a+b
a?b
a??b
a*?b
a+?$
a*+b
a++b
a?+b
a*+ab
a++ab
a{1,2}+b
a{2,4}+ab
a{2}b
a{2,}b
a{1,2}b
a{,2}b
a{,2}$
a{,3}b
a{,3}?b
a{,}b
a{,}$
a{,}
a{}
a{
a{2
a{2,
a{2,3
a{x}
a{ 2}
a{ 2}$
a{2 }
a{2, 3}
a{-1}
a{1,2
a{,x}
a{0}b
a{0,0}b
a{2,1}
a{0,1}$
{
}
{3}
{,3}
x{,3}y
x{,3}yz
(ab){,2}$
(ab){2}$
[a]{,2}$
[a{,2}]
\{,2}
a\{,2}
a{,2}{2}
a{2}{2}
a{2}*
a{2}?b
a**
a*??
a+*
a?*
a***
a+++
a|*
*
+
?
*a
+a
?a
(*)
(+a)
(?)
(?:*)
(*ACCEPT)
(*COMMIT)a
(*UTF)a
(*MARK:x)a
(*LIMIT_MATCH=1)a
(*F)
^*
^*a
^+
$*
\b*
\b+a
\A*
(?:^)*a
(?=a)*
(?=a)+a
(?=a){2}a
()*
(?:)*a
(a*)*b
(a*)+b
(a|ab)(c|bcd)?$
(?:a)
(?:a|b)c?
(?:
(
(a
a)
)
()
(()
(?:a))
(?=a)a
(?=b)a
(?!a)
(?!a)b
(?!)
(?=)
(?<=a)b
a(?<=a)b
a(?<!b)b
a(?<!a)b
(?<=a|bc)
a(?<=a|b)b
aa(?<=a|aa)b
ab(?<=a|bc)
ab(?<=(?:a|ab))c
ab(?<=a*)c
ab(?<=a+b)c
ab(?<=ab?)c
ab(?<=.b)c
ab(?<=a{1}b)c
ab(?<=\w\w)c
ab(?<=\bab)c
ab(?<=(a)b)c
(?<=
(?<!
(?<a
(?<name>a)
(?'name'a)
(?>a|ab)c
(?>a*)ab
(?>a*)b
(?>ab|a)b?$
(?P<x>a)
(?P<x>a)(?P=x)
(?P<x>a)(?P=x)b
(?P<x>a|b)\1
(?P<x>a)(?P<x>b)
(?P<x>a)(?P<y>b)(?P=y)?
(?P<x_1>a)b
(?P<1x>a)
(?P<>a)
(?P<x-y>a)
(?P<x
(?P<x>
(?P=x)
(?P=x
(?P=)
(?P<x>(?P=x))
(?P<é>a)(?P=é)
(?P>x)
(?P<x>a)(?P>x)
(?Px)
(?P
(?&x)
(?R)
(?0)
(?1)
(a)(?1)
(?+1)(a)
(?-1)
(?|a|b)
(?~a)
(?^)
(?^i:a)
(?{a})
(??{a})
(?C)a
(?C1)a
(?(1)a|b)
(a)?(?(1)b|x)
(a)?(?(1)b)
(a)?(?(1)b)$
(a)?(?(1)b|x|c)
(?P<n>a)?(?(n)b|x)
(a)?(?(n)b|x)
(a)?(?(2)b|x)
(a)?(?(0)b|x)
(?(R)a|b)
(?(DEFINE)a)b
(?(?=a)a|b)
(?(VERSION>=10)a|b)
(?(<n>)a|b)
(?(+1)a|b)(a)
(?()a)
(?(1
(a)(?(1
(?#)a
(?#comment)a
(?#a)b)
a(?#comment)*b
a(?#
(?#
a(?#c){2}b
(?#c)(?i)AB
(?i)ab$
(?i)abc
(?i)É
(?i)Σ
(?i)σ
(?i)k
(?i)K
(?i)s
(?i)ß
(?i)strasse
(?i)STRAßE
(?i)жУК
(?i)[а-я]+$
(?i)[a-z]$
(?i)[k]
(?i)[^k]$
(?i)\U00010400
(?i)i
(?i)a(?-i:b)
(?i:a)b
(?i:a)B
a(?i:B)
(?-i:a)b
(?i-s:a.)
(?s-i:A).
(?s:a.b)
(?m:a$)
(?u)a
(?u)\w
(?u:\w)
(?iu)AB
(?im)AB$
(?i)(?m)AB
(?-i)a
(?i-)a
(?i-i:a)
(?i-:a)
(?-:a)
(?i
(?i:
(?ii)AB
(?n)a
(?J)a
(?U)a
(?xx)a b
(?y)a
(?L)a
(?q:a)
(?:a(?i)b)
a(?i)b
a|(?i)b
(?i)a|b
(?i)a|B
((?i)a)
 (?i)a
(?x)a b
(?x) a  b  c
(?x)a\ b
(?x)a[ ]b
(?x)[a b]
(?x)a # comment
(?x)a # ( [ comment
(?x)a#b
(?x)a\#b
(?x)a[#]b
(?x:a b)c
(?x:a b) c
(?x) a {2} b
(?x) a * b
(?x) a + + b
(?x)( ?:a)
(?x)(? :a)
(?x)\ 
(?x)a (?#c) b
(?x: a (?-x:\ ) b)
(?x: a (?-x: ) b)
(?x)a(?-x: )b
(?xi) A B
(?x)
é
é$
É
e.
.$
..$
中文
中.
[中-文]+
[^中]
ж\w+
\w{3}$
(é)\1
(?i)(é)\1
x*
(?:)
|a
a|
a||b
(|a)b
(a|)b
\w+\.\w+
[\w.]+$
[\w$.]+$
\w+\W+\w+
[A-Z]\w*
(?!Auto)\w+$
(?!.*\$\$\$)
.*(?<!bias)$
.*(?<=bias)$
.+?\$\$\$.+
\S+$
.*\d
.{1,3}$
.{,3}$
(.)(.).*\2\1?
(.)\1
(\w)\1*$
((a)|(b))+$
(?:(a)|b)*\1
(a(b)?)+$
(a)(?=b)b
(?=(a))\1
(?!(a))b
\x5b
\x5ba
\x28
\x2a
\u005b
[\x5d]
[\x5b-\x5d]
[\x2d]
[a\x2dc]
\x00
[\x00-\x1f]
[\x00]
""".strip("\n").split("\n")

# Lines that the list above cannot hold.
PATTERNS += ["", "a\nb", "(?x)a # comment\n b", "(?x)a # [ ( *\n b", "(?x)\ta\n\tb", "a(?x)b", "\n", "[\n]", "a\x00", "a" * 200, "(" * 60 + "a" + ")" * 60,
             "[a-z\n]+$", "(?m)^a\n^b$", "(?x)[#]\na", "(?x)(?# [ )a", "(?x)\n#\n#(\na"]


def case(pattern):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # FutureWarning of possible set operations
        try:
            compiled = re.compile(pattern)
        except (re.error, OverflowError, ValueError) as error:
            return {"pattern": pattern, "error": str(error)}
    matching = [name for name in NAMES if compiled.match(name)]
    return {"pattern": pattern, "matches": matching}


def main():
    cases = [case(pattern) for pattern in dict.fromkeys(PATTERNS)]
    lines = ",\n    ".join(json.dumps(entry) for entry in cases)
    text = '{\n  "python": %s,\n  "names": %s,\n  "cases": [\n    %s\n  ]\n}\n' % (
        json.dumps(platform.python_version()), json.dumps(NAMES), lines)
    pathlib.Path(__file__).with_name("cases.json").write_text(text, encoding="ascii")
    errors = sum("error" in entry for entry in cases)
    print(f"{len(cases)} patterns, {errors} of which do not compile, on {len(NAMES)} names")


if __name__ == "__main__":
    main()
