"""The documents name what exists: links, commands, options, files, names."""

import ast
import importlib
import re
from configparser import ConfigParser
from pathlib import Path

import mmengine.registry
import pytest
from mmseg import registry

import documents
import multimodal_rs  # noqa: F401  registers the classes
from documents import PACKAGE, Code, Command
from helpers import ROOT

# What a page tells its reader to write, or shows as an example.
READERS_FILES = (
    'configs/_base_/datasets/mine.py',
    'configs/max_fusion/max-fusion_r18_1xb8-15e_simulated-128x128.py',
    'projects/multimodal_rs/models/necks/max_neck.py',
)
# Names that commands had at the commits which a table of figures states.
FORMER = ('tools/benchmark_model.py', '--loop')
PYTEST = ('--dist',)  # options of pytest that a document explains
READERS_CLASSES = ('MaxFusionNeck', 'ExampleDataset')
REGISTRIES = [
    value
    for module in (registry, mmengine.registry)
    for value in vars(module).values()
    if isinstance(value, mmengine.registry.Registry)
]
PLACEHOLDER = re.compile(r'[<>]|\.\.\.')
BROKEN = """
# A heading

[no file](nothing.md), [no anchor](../README.md#no-such-heading) and
![no picture](images/nothing.png). `tools/nothing.py` and
`python tools/train.py CONFIG --no-such-option` and `make nothing` and
`--no-such-option-anywhere`, `configs/joitrinet/joitrinet-{d,x}_r18*.py`,
`multimodal_rs.datasets.nothing`, `type='NoSuchNeck'`.

```shell
make test && python -m multimodal_rs.nothing
OMP_NUM_THREADS=1 python data_prep/simulate.py data/x --nothing
no-such-console-command-of-multimodal-rs FOLDER
```

```python
from multimodal_rs.datasets.modality import Nothing
```
"""


@pytest.mark.parametrize(
    'path', documents.documents(), ids=lambda p: str(p.relative_to(ROOT))
)
def test_document(path):
    text = path.read_text(encoding='utf-8')
    found = [*link_problems(text, path), *code_problems(text)]
    assert not found, '\n'.join(found)


def test_what_is_broken_is_found():
    path = ROOT / 'docs' / 'broken.md'
    found = [*link_problems(BROKEN, path), *code_problems(BROKEN)]
    for word in (
        *('nothing.md', '#no-such-heading', 'images/nothing.png'),
        *('tools/nothing.py', 'train.py has no --no-such-option'),
        *('make nothing', '--no-such-option-anywhere', 'joitrinet-x_r18'),
        *('multimodal_rs.datasets.nothing', 'NoSuchNeck'),
        *('multimodal_rs.nothing', 'simulate.py has no --nothing'),
        *('no-such-console', 'modality.Nothing'),
    ):
        assert any(word in problem for problem in found), (word, found)
    assert not any('joitrinet-d_r18' in problem for problem in found)


def test_every_page_is_in_the_contents():
    index = (ROOT / 'docs' / 'index.rst').read_text(encoding='utf-8')
    listed = re.findall(r'^   ([\w./]+)$', index, re.MULTILINE)
    pages = {(ROOT / 'docs' / f'{name}.md').resolve() for name in listed}
    assert all(page.is_file() for page in pages), listed
    written = {*(ROOT / 'docs').rglob('*.md'), ROOT / 'CONTRIBUTING.md'}
    written |= {*ROOT.glob('configs/*/README.md')}
    written |= {
        ROOT / 'benchmarks' / 'README.md',
        PACKAGE / 'ops' / 'README.md',
    }
    assert written - pages == {ROOT / 'docs' / 'README.md'}


def link_problems(text: str, path: Path):
    for target in documents.links(text):
        if '://' in target or target.startswith('mailto:'):
            continue
        name, _, anchor = target.partition('#')
        file = (path.parent / name).resolve() if name else path
        if name and not file.exists():
            yield f'link to {target}: no such file'
        elif anchor:
            other = file.read_text(encoding='utf-8') if name else text
            if anchor not in documents.anchors(other):
                yield f'link to {target}: no such heading'


def code_problems(text: str):
    for code in documents.codes(text):
        if code.language == 'python':
            yield from python_problems(code.text)
        if code.language in (None, 'shell', 'python'):
            yield from name_problems(code.text)
        if code.language in (None, 'shell'):
            for command in documents.commands(code):
                yield from command_problems(command, code)


def python_problems(text: str):
    """Imports that fail; a block that does not parse raises."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom) and node.module:
            if node.module.split('.')[0] == 'multimodal_rs':
                for alias in node.names:
                    name = f'{node.module}.{alias.name}'
                    if not exists(name):
                        yield f'no {name}'


def name_problems(text: str):
    """Files, dotted names and registered classes that do not exist."""
    tops = {p.name for p in ROOT.iterdir() if p.is_dir()} - {'data'}
    inner = {p.name for p in PACKAGE.iterdir() if p.is_dir()}
    for word in re.findall(r'[\w.\-/{},*<>]+\.(?:py|sh|md|txt)\b', text):
        top = word.partition('/')[0]
        if word == top or top not in tops | inner:
            continue
        for name in documents.expanded(word):
            if not (PLACEHOLDER.search(name) or is_file(name)):
                yield f'no file {name}'
    for name in re.findall(r'\bmultimodal_rs(?:\.\w+)+', text):
        if not name.endswith('.py') and not exists(name):
            yield f'no {name}'
    for name in re.findall(r"""\btype=['"](\w+)['"]""", text):
        known = any(name in r.module_dict for r in REGISTRIES)
        if not known and name not in READERS_CLASSES:
            yield f'no class {name} is registered'


def command_problems(command: Command, code: Code):
    """Commands, targets of make and options that do not exist."""
    program, arguments = command
    if program == 'make':
        for word in arguments:
            if '=' in word:  # what follows may be quoted words
                break
            if re.fullmatch(r'[a-z][\w-]*', word) and word not in targets():
                yield f'make {word}: no such target'
        return
    if program == 'python' and arguments:
        program, *arguments = arguments
        if program == '-m':
            module, *arguments = arguments
            yield from module_problems(module, arguments)
            return
    if program in console_commands():
        words = [a for a in arguments if not a.startswith('--')]
        module = '.'.join(['multimodal_rs.data_prep', *words[:1]])
        yield from module_problems(module, arguments)
    elif 'multimodal-rs' in program:
        yield f'no console command {program}'
    elif code.language is None and program.startswith('--'):
        if program.split('=')[0] not in {*all_options(), *FORMER, *PYTEST}:
            yield f'no script has {program}'
    elif re.fullmatch(r'[\w/]+/\w+\.(py|sh)', program):
        if is_file(program):
            yield from option_problems(ROOT / program, arguments)


def module_problems(module: str, arguments):
    written_out = not re.search('[<A-Z]', module)
    if not (module.startswith('multimodal_rs') and written_out):
        return
    if exists(module):
        source = PACKAGE.parent / module.replace('.', '/')
        if source.is_dir():
            source = source / '__main__'
        yield from option_problems(source.with_suffix('.py'), arguments)
    else:
        yield f'python -m {module}: no such module'


def option_problems(script: Path, arguments):
    source = script
    if script.suffix == '.sh':  # dist_train.sh passes its options on
        source = script.with_name(f'{script.stem.partition("_")[2]}.py')
    known = documents.options_of(source)
    for word in arguments:
        name = word.split('=')[0]
        if documents.OPTION.fullmatch(name) and name not in known:
            yield f'{script.name} has no {name}'


def is_file(name: str) -> bool:
    if name in (*READERS_FILES, *FORMER):
        return True
    return any(
        any(base.glob(name)) for base in (ROOT, PACKAGE, PACKAGE.parent)
    )


def exists(name: str) -> bool:
    """Whether a dotted name can be imported, as a module or from one."""
    module, _, attribute = name.rpartition('.')
    try:
        importlib.import_module(name)
    except ModuleNotFoundError as error:
        if not (error.name and name.startswith(error.name)):
            raise
    else:
        return True
    return exists(module) and hasattr(
        importlib.import_module(module), attribute
    )


def targets() -> set[str]:
    text = (ROOT / 'Makefile').read_text(encoding='utf-8')
    lines = re.findall(r'^\.PHONY: (.*)', text, re.MULTILINE)
    return {target for line in lines for target in line.split()}


def console_commands() -> set[str]:
    setup = ConfigParser()
    setup.read(ROOT / 'setup.cfg')
    lines = setup.get(
        'options.entry_points', 'console_scripts', fallback=''
    ).split('\n')
    return {line.split('=')[0].strip() for line in lines if line}


def all_options() -> set[str]:
    folders = [ROOT / f for f in ('tools', 'benchmarks', 'data_prep')]
    folders.append(PACKAGE / 'data_prep')
    scripts = [s for f in folders for s in f.rglob('*.py')]
    return set().union(*(documents.options_of(s) for s in scripts))
