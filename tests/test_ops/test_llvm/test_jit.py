"""Looking at kernels as ops/README.md shows it; what mistakes look like."""

import re

import pytest

from helpers import ROOT
from multimodal_rs.ops.backends.llvm import BACKEND

if BACKEND.unavailable() is not None:
    pytest.skip(BACKEND.unavailable(), allow_module_level=True)

from multimodal_rs.ops.backends.llvm import jit


def test_readme_shows_a_kernel(capsys):
    text = (ROOT / 'projects/multimodal_rs/ops/README.md').read_text()
    (example,) = re.findall(r'```python\n(.*?)```', text, re.DOTALL)
    found = {}
    exec(example, found)
    printed = capsys.readouterr().out
    before, after = str(found['module']), str(found['optimised'])
    vector = f'<{jit.vector_width()} x float>'
    assert vector in before and vector in after
    assert 'alloca <' in before  # variables, registers after optimising
    assert after.count('alloca ') < before.count('alloca ')
    assert printed.startswith(before)
    assert re.search(r'^ss2d_forward:', printed, re.MULTILINE)


def test_readme_names_every_file():
    folder = ROOT / 'projects/multimodal_rs/ops'
    text = (folder / 'README.md').read_text()
    named = set(re.findall(r'`(?:backends/)?([\w/]+)(?:\.py)?`', text))
    names = [*folder.glob('*.py'), *(folder / 'backends').iterdir()]
    names += (folder / 'backends' / 'llvm').glob('*.py')
    missing = {p.stem for p in names if not p.stem.startswith('_')} - named
    assert not missing


def test_mistakes_are_told():
    def of_a_vector_and_a_number(e):
        e.splat(1.0) + e.load_scalar(e.argument(0))

    def after_its_loop(e):
        with e.loop(3) as i:
            value = e.load(e.argument(0), i)
        e.store(value, e.argument(1))

    with pytest.raises(ValueError, match='Operands must be the same type'):
        jit.emit('wrong', of_a_vector_and_a_number)
    module = jit.emit('wrong', after_its_loop)
    with pytest.raises(RuntimeError, match='does not dominate .*\n.* = load'):
        jit.optimise(module)
