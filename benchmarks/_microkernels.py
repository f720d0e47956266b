"""Least cost of the arithmetic of a scan, measured on this machine."""

import ctypes
import time

from multimodal_rs.ops.backends.llvm.emitter import Emitter, Variable
from multimodal_rs.ops.backends.llvm.functions import exp2, softplus_parts
from multimodal_rs.ops.backends.llvm.jit import compile_kernel, vector_width
from multimodal_rs.ops.backends.llvm.layout import MOST_STATES

TURNS = 20_000


def state_updates_per_second() -> float:
    """Rate of h = exp2(z) h + d b, y += h c in registers, one core."""

    def write(e: Emitter) -> None:
        # Every state has a rate of its own, or they would share decays.
        numbers = range(MOST_STATES)
        rates = [e.load(e.argument(0), n * e.width) for n in numbers]
        states = [Variable(e, e.splat(0.5)) for _ in numbers]
        output = Variable(e, e.splat(0.0))
        step = Variable(e, e.splat(-0.125))
        with e.loop(TURNS):
            dt = step.get()
            total = output.get()
            for state, rate in zip(states, rates, strict=True):
                decay = exp2(e, dt * rate)
                new = e.fma(decay, state.get(), dt * rate)
                state.set(new)
                total = e.fma(new, dt, total)
            output.set(total * 0.5)
            step.set(dt * 0.999)
        _keep(e, [*states, output])

    lanes = MOST_STATES * vector_width()
    return TURNS * lanes / _seconds('state_update', write)


def softplus_per_second() -> float:
    """Rate of softplus, one core."""

    def write(e: Emitter) -> None:
        values = [Variable(e, e.splat(0.1 * i)) for i in range(8)]
        with e.loop(TURNS):
            for value in values:
                value.set(softplus_parts(e, value.get())[0])
        _keep(e, values)

    return TURNS * 8 * vector_width() / _seconds('softplus', write)


def _keep(e: Emitter, variables: list[Variable]) -> None:
    """Use results, so that the compiler cannot leave them out."""
    for i, variable in enumerate(variables):
        e.store(variable.get(), e.argument(0), i * e.width)


def _seconds(name: str, write) -> float:
    """Best CPU time of several runs."""
    kernel = compile_kernel(name, write)
    results = (ctypes.c_float * (2 * MOST_STATES * 16))()
    for i in range(len(results)):
        results[i] = 1 + i / len(results)
    where = ctypes.addressof(results)
    times = []
    for _ in range(9):
        start = time.thread_time()
        kernel(where, where)
        times.append(time.thread_time() - start)
    return min(times)
