"""Whether optimiser and schedules of a checkpoint are those of the run.

A run that goes on takes the state of both from its checkpoint, the numbers of
the config that made them included. torch and mmengine load the state of any
other ones without a word.
"""

from collections.abc import Mapping, Sequence

from mmengine.optim import OptimWrapper, OptimWrapperDict, _ParamScheduler
from torch.optim import Optimizer

State = Mapping[str, object]  # what ``state_dict`` returns
# In the state of a schedule, but not from its config.
PROGRESS = ('last_step', 'best', 'num_bad_epochs', 'cooldown_counter')
PROGRESS += ('base_values', 'verbose')
ADVICE = (
    'take optimiser and schedules of the training to go on with --resume, or '
    'start from its weights alone with load_from and another --work-dir'
)


def compare_optimizers(
    wrapper: OptimWrapper | OptimWrapperDict, state: State
) -> list[str]:
    """Compare optimisers with the state that a resumed run gives them.

    Args:
        wrapper: Of the run, before the state is loaded.
        state: From the checkpoint.

    Returns:
        A text for each number that the state replaces by another one.

    Raises:
        ValueError: If the state is that of other optimisers, or of other
            groups of parameters.
    """
    if not isinstance(wrapper, OptimWrapperDict):
        return _compare('optim_wrapper', wrapper.optimizer, state)
    names = list(wrapper.keys())
    if sorted(state) != sorted(names):
        raise ValueError(
            f'optim_wrapper: expected the state of optimisers {names}, the '
            f'checkpoint has {sorted(state)}: {ADVICE}'
        )
    return [
        line
        for name, part in wrapper.items()
        for line in _compare(
            f'optim_wrapper.{name}', part.optimizer, state[name]
        )
    ]


def compare_schedules(
    schedules: Sequence[_ParamScheduler]
    | Mapping[str, Sequence[_ParamScheduler]]
    | None,
    states: Sequence[State] | Mapping[str, Sequence[State]],
) -> list[str]:
    """Compare schedules with the states that a resumed run gives them.

    Args:
        schedules: Of the run, one list, or one for each of several optimisers.
        states: From the checkpoint, in the same form.

    Returns:
        A text for each number that a state replaces by another one.

    Raises:
        ValueError: If there are others or not as many.
    """
    now = _numbered('param_scheduler', schedules or ())
    before = _numbered('param_scheduler', states)
    settings = {where: _of_config(s.state_dict()) for where, s in now.items()}
    found = {where: _of_config(state) for where, state in before.items()}
    kinds = [{k: sorted(v) for k, v in x.items()} for x in (settings, found)]
    if kinds[0] != kinds[1]:
        raise ValueError(
            f'param_scheduler: expected the states of {len(now)} schedules '
            f'with {kinds[0]}, the checkpoint has those of {len(before)} with '
            f'{kinds[1]}: {ADVICE}'
        )
    return [
        _line(where, key, found[where][key], value)
        for where, numbers in settings.items()
        for key, value in sorted(numbers.items())
        if value != found[where][key]
    ]


def _numbered(where: str, schedules: Sequence | Mapping) -> dict:
    if isinstance(schedules, Mapping):
        parts = [_numbered(f'{where}.{k}', v) for k, v in schedules.items()]
        return {k: v for part in parts for k, v in part.items()}
    return {f'{where}.{i}': schedule for i, schedule in enumerate(schedules)}


def _of_config(state: State) -> dict[str, object]:
    """Take what a config says of a schedule out of its state.

    ``base_values`` are the learning rates of the optimiser.
    """
    return {
        key: _plain(value)
        for key, value in state.items()
        if not key.startswith('_')
        and key not in PROGRESS
        and not callable(value)
    }


def _compare(where: str, optimizer: Optimizer, state: State) -> list[str]:
    now, before = optimizer.param_groups, state['param_groups']
    kind = type(optimizer).__name__
    foreign = _settings(before) - _settings(now)
    missing = _settings(now) - _settings(before)
    # One side alone has more: another version of torch.
    if foreign and missing:
        raise ValueError(
            f'{where}: expected the state of {kind}, with '
            f'{sorted(missing)}, the checkpoint has that of another '
            f'optimiser, with {sorted(foreign)}: {ADVICE}'
        )
    sizes = [[len(group['params']) for group in x] for x in (now, before)]
    if sizes[0] != sizes[1]:
        raise ValueError(
            f'{where}: expected {len(now)} groups of parameters with '
            f'{sum(sizes[0])} tensors, the checkpoint has {len(before)} with '
            f'{sum(sizes[1])} (paramwise_cfg decides, and what is frozen): '
            f'{ADVICE}'
        )
    return sorted(
        {
            _line(where, key, _plain(old[key]), _plain(new[key]))
            for new, old in zip(now, before, strict=True)
            for key in new.keys() & old.keys()
            if _is_set(key, old) and _plain(new[key]) != _plain(old[key])
        }
    )


def _settings(groups: Sequence[Mapping]) -> set[str]:
    """Name the numbers of an optimiser, without those of schedules."""
    found = set().union(*groups)
    return {key for key in found if not key.startswith('initial_')}


def _is_set(key: str, group: Mapping) -> bool:
    """Whether a number is that of a config, and no schedule changes it."""
    return key not in ('params', 'lr') and f'initial_{key}' not in group


def _line(where: str, key: str, old: object, new: object) -> str:
    return f'{where}: {key}={old} of the checkpoint, not {new} of the config'


def _plain(value: object) -> object:
    return list(value) if isinstance(value, (list, tuple)) else value
