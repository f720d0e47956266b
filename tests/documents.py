"""Markdown documents, taken apart: links, headings, code, commands."""

import ast
import itertools
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

from helpers import ROOT

PACKAGE = ROOT / 'projects' / 'multimodal_rs'
FOLDERS = (
    'benchmarks',
    'configs',
    'docs',
    'experiments',
    'projects',
    'tests',
    'tools',
)
# Parts of the package that hold command lines.
COMMANDS = tuple(
    f'multimodal_rs/{name}' for name in ('apis', 'data_prep', 'products')
)
FENCE = re.compile(r'^( *)```(\w*)\n(.*?)^\1```$', re.DOTALL | re.MULTILINE)
INDENTED = re.compile(r'(?<=\n\n)(?: {4}.*\n|\n)+')
INLINE = re.compile(r'(?<!`)(`{1,2})(?!`)(.+?)(?<!`)\1(?!`)', re.DOTALL)
LINK = re.compile(r'\[[^\]]*\]\(([^)\s]+)\)')
HEADING = re.compile(r'^#{1,6} (.+)$', re.MULTILINE)
OPTION = re.compile(r'--[a-z][\w-]*')


class Code(NamedTuple):
    """A piece of code in a document.

    Attributes:
        language: What stands behind the fence; None: inline code.
        text: The code.
    """

    language: str | None
    text: str


class Command(NamedTuple):
    """A program and what follows it."""

    program: str
    arguments: tuple[str, ...]


def documents() -> list[Path]:
    """List every Markdown file of the repository."""
    found = [*ROOT.glob('*.md')]
    for folder in FOLDERS:
        found += (ROOT / folder).rglob('*.md')
    return sorted(found)


def codes(text: str) -> Iterator[Code]:
    """Find fenced and inline code."""
    for match in FENCE.finditer(text):
        yield Code(match[2], match[3])
    for match in INLINE.finditer(prose(text)):
        yield Code(None, ' '.join(match[2].split()))


def prose(text: str) -> str:
    """Leave fenced and indented blocks out."""
    return INDENTED.sub('\n', FENCE.sub('', text))


def links(text: str) -> list[str]:
    """List the targets of links and images."""
    return LINK.findall(INLINE.sub('code', prose(text)))


def anchors(text: str) -> set[str]:
    """List the anchors of headings, as GitHub makes them."""
    found = set()
    for heading in HEADING.findall(FENCE.sub('', text)):
        words = LINK.sub(lambda m: m[0][1 : m[0].index(']')], heading)
        words = re.sub(r'[^\w\- ]', '', words.lower())
        found.add(words.replace(' ', '-'))
    return found


def commands(code: Code) -> Iterator[Command]:
    """Split shell code into commands; prompts and comments are left out."""
    text = code.text.replace('\\\n', ' ')
    for line in re.split(r'\n|&&|\|\|?|; ', text):
        words = line.split(' #')[0].split()
        # Settings for one command, such as OMP_NUM_THREADS=1 python ...
        words = [*itertools.dropwhile(lambda w: re.match(r'\w+=', w), words)]
        if words:
            yield Command(words[0], tuple(words[1:]))


def expanded(word: str) -> list[str]:
    """Expand the shell's braces: ``a-{b,c}`` -> ``a-b``, ``a-c``."""
    match = re.search(r'\{([^{}]*)\}', word)
    if match is None:
        return [word]
    before, after = word[: match.start()], word[match.end() :]
    parts = match[1].split(',')
    return [w for part in parts for w in expanded(before + part + after)]


@cache
def options_of(source: Path) -> frozenset[str]:
    """Collect the options of a script, and of what it imports.

    Read from the source: every string that begins with two dashes and is an
    argument of ``add_argument``.
    """
    return frozenset(_options(source, set()))


def _options(source: Path, seen: set[Path]) -> set[str]:
    if source in seen or not source.is_file():
        return set()
    seen.add(source)
    found = {'--help'}
    for node in ast.walk(ast.parse(source.read_text(encoding='utf-8'))):
        if isinstance(node, ast.Call):
            name = getattr(node.func, 'attr', getattr(node.func, 'id', ''))
            if name == 'CommandParser':  # has the options of all commands
                path = PACKAGE / 'utils' / 'command_line.py'
                found |= _options(path, seen)
            if name == 'add_argument':
                values = [getattr(a, 'value', None) for a in node.args]
                found |= {v for v in values if str(v).startswith('--')}
        elif isinstance(node, ast.ImportFrom) and node.module:
            for path in _sources(node.module, source.parent):
                found |= _options(path, seen)
    if source.parent == ROOT / 'data_prep':  # runs the module of its name
        found |= _options(PACKAGE / 'data_prep' / source.name, seen)
    return found


def _sources(module: str, folder: Path) -> list[Path]:
    """Say where a module that may define options lies."""
    name = module.replace('.', '/')
    if name.startswith(COMMANDS):
        return [PACKAGE.parent / f'{name}.py']
    return [folder / f'{name}.py', ROOT / 'tools' / f'{name}.py']
