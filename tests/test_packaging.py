"""What is shipped, what it asks for, and what must not be in it."""

import ast
import configparser
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from fake_data.ombria import make_ombria
from helpers import ROOT

SOURCE = ROOT / 'projects' / 'multimodal_rs'
REQUIREMENTS = sorted((ROOT / 'requirements').glob('*.txt'))
# Import name -> distribution, where they differ.
DISTRIBUTIONS = {
    'PIL': 'pillow',
    'cv2': 'opencv-python',
    'mmcv': 'onedl-mmcv',
    'mmengine': 'onedl-mmengine',
    'mmseg': 'onedl-mmsegmentation',
    'shapefile': 'pyshp',
    'sklearn': 'scikit-learn',
    # Part of the interface of packages that are declared.
    'affine': 'rasterio',
    'prettytable': 'onedl-mmsegmentation',
    'yaml': 'onedl-mmengine',
}


def setup_cfg() -> configparser.ConfigParser:
    parser = configparser.ConfigParser()
    parser.read(ROOT / 'setup.cfg', encoding='utf-8')
    return parser


def requirements(name: str) -> dict[str, Requirement]:
    lines = (ROOT / 'requirements' / f'{name}.txt').read_text().splitlines()
    parsed = [Requirement(x) for x in lines if x and not x.startswith('#')]
    return {canonicalize_name(r.name): r for r in parsed}


def tracked_files() -> list[Path]:
    done = subprocess.run(
        ['git', 'ls-files', '-z'], cwd=ROOT, capture_output=True, text=True
    )
    if done.returncode:
        pytest.skip('not a git checkout')
    files = [ROOT / name for name in done.stdout.split('\0') if name]
    return [path for path in files if path.is_file()]


def test_every_folder_is_a_package_that_setup_finds():
    from setuptools import find_packages

    config = setup_cfg()
    assert config['options']['package_dir'].strip() == '= projects'
    where = config['options.packages.find']['where']
    folders = {p.parent for p in SOURCE.rglob('*.py')}
    names = {'.'.join(p.relative_to(ROOT / where).parts) for p in folders}
    without = [p for p in folders if not (p / '__init__.py').is_file()]
    assert not without
    assert set(find_packages(str(ROOT / where))) == names


def test_package_holds_nothing_that_a_wheel_leaves_out():
    listed = setup_cfg()['options.package_data']
    shipped = {
        path
        for package, patterns in listed.items()
        for pattern in patterns.split()
        for path in SOURCE.parent.joinpath(*package.split('.')).glob(pattern)
    }
    others = [
        path.name
        for path in SOURCE.rglob('*')
        if path.is_file()
        # A README is for those who read the source.
        and path.suffix not in ('.py', '.md')
        and '__pycache__' not in path.parts
        and path not in shipped
    ]
    assert not others, 'list them in [options.package_data] of setup.cfg'


def test_version_stands_in_one_place():
    from multimodal_rs.version import __version__

    attribute = setup_cfg()['metadata']['version']
    assert attribute == 'attr: multimodal_rs.version.__version__'
    citation = (ROOT / 'CITATION.cff').read_text()
    assert f'\nversion: {__version__}\n' in citation


def test_extras_are_the_requirement_files():
    config = setup_cfg()
    extras = dict(config['options.extras_require'])
    names = {p.stem for p in REQUIREMENTS} - {'runtime', 'constraints'}
    assert extras == {n: f'file: requirements/{n}.txt' for n in names}
    installs = config['options']['install_requires']
    assert installs == 'file: requirements/runtime.txt'


@pytest.mark.parametrize('path', REQUIREMENTS, ids=lambda p: p.stem)
def test_requirements_parse_and_are_lower_bounds(path):
    parsed = requirements(path.stem)
    assert parsed
    for name, requirement in parsed.items():
        operators = {s.operator for s in requirement.specifier}
        if path.stem == 'constraints':
            assert operators == {'=='}, name
        elif name == 'mmcv':  # mmsegmentation 1.2.2 refuses mmcv 2.2
            assert operators == {'>=', '<'}
        else:
            assert operators <= {'>='}, name


def test_tested_set_fits_the_requirements():
    pins = requirements('constraints')
    for file in ('onedl', 'runtime', 'tests'):
        for name, requirement in requirements(file).items():
            (pin,) = pins[name].specifier
            assert requirement.specifier.contains(pin.version), name


def test_core_names_no_stack():
    stacks = {**requirements('onedl'), **requirements('openmmlab')}
    shared = set(requirements('runtime')) & set(stacks)
    assert shared == {'torch'}
    both = set(requirements('onedl')) & set(requirements('openmmlab'))
    assert not both


def test_linter_is_the_same_everywhere():
    hooks = (ROOT / '.pre-commit-config.yaml').read_text()
    (pin,) = requirements('constraints')['ruff'].specifier
    assert f'rev: v{pin.version}\n' in hooks


def imports(path: Path, top_level: bool) -> set[str]:
    """Names of the packages a file imports, on loading it or ever."""
    tree = ast.parse(path.read_text(encoding='utf-8'))
    nodes = tree.body if top_level else ast.walk(tree)
    names = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            names |= {alias.name.split('.')[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names.add(node.module.split('.')[0])
    return names - set(sys.stdlib_module_names) - {'multimodal_rs'}


# Packages whose modules are imported on first use: test_dispatch.py sees that
# the package itself loads none of them.
ON_FIRST_USE = {'triton'}


@pytest.mark.parametrize('top_level', [True, False])
def test_imports_are_declared(top_level):
    files = ['runtime', 'onedl']
    if not top_level:
        files += ['optional', 'pretrain', 'mamba', 'tests']
    declared = set().union(*map(requirements, files))
    for path in SOURCE.rglob('*.py'):
        late = path.parent.name in ON_FIRST_USE and path.stem != '__init__'
        if late and top_level:
            continue
        for name in imports(path, top_level):
            wanted = canonicalize_name(DISTRIBUTIONS.get(name, name))
            assert wanted in declared, (
                f'{path.relative_to(ROOT)} imports {name}: declare it in '
                'requirements/runtime.txt, or import it where it is used'
            )


def test_no_path_of_somebodys_machine():
    root = r'/(?:home|root|Users|mnt|work|scratch|media|nfs)/\w'
    pattern = re.compile(rf'(?<![\w.:/]){root}|\b[A-Z]:\\Users')
    found = []
    for path in tracked_files():
        try:
            lines = path.read_text(encoding='utf-8').splitlines()
        except UnicodeDecodeError:  # pictures and arrays
            continue
        found += [
            f'{path.relative_to(ROOT)}:{number}'
            for number, line in enumerate(lines, 1)
            if pattern.search(line)
        ]
    assert not found


def test_scripts_can_be_run():
    scripts = [*(ROOT / 'tools').glob('*.sh'), ROOT / '.ci' / 'run']
    assert len(scripts) == 5
    for path in scripts:
        assert path.read_text().startswith('#!/usr/bin/env bash\n'), path
        assert path.stat().st_mode & 0o111, f'chmod +x {path.name}'


@pytest.fixture(scope='module')
def wheel(tmp_path_factory) -> Path:
    """Build a wheel of a copy, without the index."""
    folder = tmp_path_factory.mktemp('wheel')
    copy = folder / 'copy'
    ignored = shutil.ignore_patterns('__pycache__', '*.egg-info')
    for name in ('projects', 'requirements', 'configs/_base_'):
        shutil.copytree(ROOT / name, copy / name, ignore=ignored)
    for name in ('setup.cfg', 'pyproject.toml', 'LICENSE'):
        shutil.copy(ROOT / name, copy)
    build = [sys.executable, '-m', 'pip', 'wheel', '--no-deps', '--quiet']
    subprocess.run(
        [*build, '--no-build-isolation', '--wheel-dir', folder, copy],
        check=True,
    )
    (built,) = folder.glob('multimodal_rs-*.whl')
    return built


@pytest.mark.slow
def test_wheel_holds_every_module(wheel):
    packed = set(zipfile.ZipFile(wheel).namelist())
    modules = (ROOT / 'projects').rglob('*.py')
    assert {
        name
        for name in packed
        if name.endswith('.py') and '.data/' not in name
    } == {p.relative_to(ROOT / 'projects').as_posix() for p in modules}


@pytest.mark.slow
def test_installed_wheel_prepares_a_dataset(wheel, tmp_path):
    """The console entry, far from any checkout, with the configs it needs."""
    install = [sys.executable, '-m', 'pip', 'install', '--no-deps', '--quiet']
    subprocess.run(
        [*install, '--ignore-installed', '--prefix', tmp_path / 'at', wheel],
        check=True,
    )
    (package,) = (tmp_path / 'at').rglob('multimodal_rs/__init__.py')
    environment = os.environ | dict(PYTHONPATH=str(package.parents[1]))
    make_ombria(tmp_path / 'ombria')

    def prepare(*arguments):
        return subprocess.run(
            [tmp_path / 'at/bin/multimodal-rs-prepare', *arguments],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
        )

    done = prepare('ombria', 'ombria')
    assert done.returncode == 0, done.stderr
    assert (tmp_path / 'ombria/splits/official-seed0/train.txt').is_file()
    done = prepare('ombria', 'ombria', '--check')
    assert done.returncode == 0, done.stdout
    for name in ('multimodal-rs-map', 'multimodal-rs-products'):
        command = [tmp_path / 'at/bin' / name, '--help']
        text = subprocess.check_output(command, env=environment, text=True)
        assert '--polygons' in text
    missing = prepare('label_fractions', '.', '--config', 'ombria.py')
    assert missing.returncode == 1
    assert '`multimodal-rs-prepare <dataset> FOLDER`' in missing.stderr
