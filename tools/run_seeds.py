#!/usr/bin/env python3
"""Train and test configs with several seeds and tabulate mean and spread.

    python tools/run_seeds.py CONFIG [CONFIG ...] --seeds 0 1 2

Every run is the stock ``tools/train.py`` and ``tools/test.py`` in a folder of
its own, ``<work-dir>/<config>/seed-<seed>``. A finished run is kept, an
interrupted one resumed, unless it was started with other options, which is an
error. The table of the last call (``seeds.md``, ``seeds.csv``) names command,
and the commits and hardware of the runs themselves (``run.json``).
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from _bootstrap import add_source_path

add_source_path()

import torch

from multimodal_rs.utils.files import write_text
from multimodal_rs.utils.tables import write_csv
from multimodal_rs.weights.work_dirs import best_checkpoint

TOOLS = Path(__file__).resolve().parent
RESULT = 'modality_subsets.json'
RECORD = 'run.json'
MEASURES = ('mIoU', 'OA', 'kappa', 'mPA', 'mF1')


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what is missing, then tabulate.

    Args:
        arguments: Command line, for tests.

    Returns:
        Exit code.
    """
    args = _parse(arguments)
    rows, records = [], []
    for config in args.configs:
        results = []
        for seed in args.seeds:
            folder = args.work_dir / Path(config).stem / f'seed-{seed}'
            results.append(run(config, seed, folder, args.cfg_options))
            records.append(json.loads((folder / RECORD).read_text()))
        rows += summarize(Path(config).stem, results)
    print(write_table(rows, args, records))
    return 0


def run(config: str, seed: int, folder: Path, options: Sequence[str]) -> dict:
    """Train and test once, unless it has been done.

    Args:
        config: Config file.
        seed: Seed of the run.
        folder: Work directory of the run.
        options: Further ``--cfg-options``.

    Returns:
        Subset ('opt+sar', 'opt', ...) -> measures in percent.

    Raises:
        SystemExit: If the folder has a run with other options.
    """
    _record(folder, options)
    if not (folder / RESULT).exists():
        print(f'{config}, seed {seed} -> {folder}', flush=True)
        start = time.time()
        options = ['--cfg-options', f'randomness.seed={seed}', *options]
        where = ['--work-dir', str(folder)]
        _call('train.py', config, *where, '--resume', *options)
        checkpoint = best_checkpoint(folder)
        _call('test.py', config, str(checkpoint), *where, *options)
        latest = max(folder.glob(f'*/{RESULT}'), key=os.path.getmtime)
        write_text(folder / RESULT, latest.read_text())
        print(f'  {(time.time() - start) / 60:.1f} minutes', flush=True)
    content = json.loads((folder / RESULT).read_text())
    return {key: entry['metrics'] for key, entry in content.items()}


def summarize(name: str, results: Sequence[dict]) -> list[dict]:
    """Average each subset of modalities over the seeds.

    Args:
        name: Of the method.
        results: One dict per seed, subset -> measures.

    Returns:
        One row per subset with mean and sample standard deviation.
    """
    rows = []
    for subset in results[0]:
        row = dict(config=name, modalities=subset, runs=len(results))
        for measure in MEASURES:
            # Missing or null where undefined, as kappa of a single class.
            found = [r.get(subset, {}).get(measure) for r in results]
            values = [v for v in found if v is not None and v == v]
            row[measure] = statistics.mean(values) if values else None
            row[f'{measure} sd'] = (
                statistics.stdev(values) if values[1:] else None
            )
        rows.append(row)
    return rows


def write_table(
    rows: Sequence[dict], args: argparse.Namespace, records: Sequence[dict]
) -> str:
    """Write seeds.csv and seeds.md into the work directory.

    Returns:
        The Markdown text.
    """
    header = list(rows[0])
    write_csv(
        args.work_dir / 'seeds.csv',
        header,
        [[row[h] for h in header] for row in rows],
    )
    lines = [
        f'| config | modalities | {" | ".join(MEASURES)} |',
        '|---|---|' + '---|' * len(MEASURES),
    ]
    for row in rows:
        cells = ' | '.join(_cell(row, m) for m in MEASURES)
        lines.append(f'| {row["config"]} | {row["modalities"]} | {cells} |')
    lines += ['', provenance(args, records)]
    text = '\n'.join(lines) + '\n'
    write_text(args.work_dir / 'seeds.md', text)
    return text


def provenance(args: argparse.Namespace, records: Sequence[dict]) -> str:
    """Say how the numbers were made."""
    command = ' '.join(['python tools/run_seeds.py', *sys.argv[1:]])
    made = {
        key: ', '.join(dict.fromkeys(v for r in records for v in r[key]))
        for key in ('commits', 'machines')
    }
    seeds = ', '.join(map(str, args.seeds))
    return (
        f'Mean and standard deviation in percent over the seeds {seeds}; '
        f'`{command}`; commit {made["commits"]}; {made["machines"]}.'
    )


def _record(folder: Path, options: Sequence[str]) -> None:
    """Write down with what a run is made; refuse to mix options.

    A run that goes on at another commit, or on another machine, has both.
    """
    file = folder / RECORD
    unknown = dict(options=list(options), commits=[], machines=[])
    record = json.loads(file.read_text()) if file.exists() else unknown
    if record['options'] != list(options):
        raise SystemExit(
            f'{folder} has a run with the options {record["options"]}, not '
            f'{list(options)}: choose another --work-dir, or delete the folder'
        )
    if (folder / RESULT).exists():
        if not file.exists():  # made before runs were recorded
            record.update(commits=['unknown'], machines=['unknown machine'])
            write_text(file, json.dumps(record))
        return
    for key, value in (('commits', _commit()), ('machines', _machine())):
        if value not in record[key]:
            record[key].append(value)
    write_text(file, json.dumps(record))


def _commit() -> str:
    commit = _output('git', 'rev-parse', '--short', 'HEAD')
    changed = _output('git', 'status', '--porcelain', '--untracked-files=no')
    return (commit or 'unknown') + (' with changes' if changed else '')


def _machine() -> str:
    device = (
        torch.cuda.get_device_name()
        if torch.cuda.is_available()
        else f'{os.cpu_count()} CPU cores ({_processor()})'
    )
    return f'{device}, torch {torch.__version__}'


def _cell(row: dict, measure: str) -> str:
    spread = row[f'{measure} sd']
    if row[measure] is None:
        return ''
    if spread is None:
        return f'{row[measure]:.2f}'
    return f'{row[measure]:.2f} ± {spread:.2f}'


def _processor() -> str:
    info = Path('/proc/cpuinfo')
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith('model name'):
                return line.partition(':')[2].strip()
    return platform.processor() or platform.machine()


def _output(*command: str) -> str:
    result = subprocess.run(command, capture_output=True, text=True, cwd=TOOLS)
    return result.stdout.strip() if result.returncode == 0 else ''


def _call(tool: str, *arguments: str) -> None:
    subprocess.run([sys.executable, str(TOOLS / tool), *arguments], check=True)


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('configs', nargs='+')
    parser.add_argument('--seeds', type=int, nargs='+', default=[0, 1, 2])
    parser.add_argument(
        '--work-dir', type=Path, default=Path('work_dirs/seeds')
    )
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        default=[],
        help='passed on to train.py and test.py',
    )
    return parser.parse_args(arguments)


if __name__ == '__main__':
    sys.exit(main())
