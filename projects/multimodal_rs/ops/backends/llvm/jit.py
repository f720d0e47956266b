"""Compilation: from LLVM code to a function that can be called."""

import ctypes
from collections.abc import Callable
from functools import cache, partial

import llvmlite.binding as llvm
from llvmlite import ir

from multimodal_rs.ops.backends.llvm.denormals import denormals_as_zero
from multimodal_rs.ops.backends.llvm.emitter import Emitter
from multimodal_rs.ops.backends.llvm.layout import Variant

SIGNATURE = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p)


@cache
def host() -> llvm.TargetMachine:
    """Describe this machine, with every instruction set that it has."""
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    target = llvm.Target.from_default_triple()
    return target.create_target_machine(
        cpu=llvm.get_host_cpu_name(),
        features=llvm.get_host_cpu_features().flatten(),
        opt=3,
        jit=True,
    )


@cache
def vector_width() -> int:
    """Return the float32 lanes of one register."""
    features = llvm.get_host_cpu_features()
    if features.get('avx512f'):
        return 16
    return 8 if features.get('avx') else 4


@cache
def kernel_for(
    name: str, write: Callable[..., None], variant: Variant
) -> Callable[[int, int], None]:
    """Compile a kernel for a variant, once.

    Args:
        name: Of the function, for debuggers.
        write: ``write(emitter, variant)`` emits its body.
        variant: Sizes.

    Returns:
        As :func:`compile_kernel`.
    """
    return compile_kernel(name, partial(write, variant=variant))


def compile_kernel(
    name: str, write: Callable[[Emitter], None]
) -> Callable[[int, int], None]:
    """Compile a kernel in memory.

    Args:
        name: Of the function, for debuggers.
        write: Emits its body.

    Returns:
        ``function(address of the arguments, address of the counter)``. It
        releases the interpreter lock while it runs.
    """
    module = optimise(emit(name, write))
    engine = llvm.create_mcjit_compiler(module, host())
    engine.finalize_object()
    function = SIGNATURE(engine.get_function_address(name))
    _keep_alive.append(engine)
    return function


def emit(name: str, write: Callable[[Emitter], None]) -> ir.Module:
    """Write a module with one function; ``str`` shows its code."""
    module = ir.Module(name)
    module.triple = host().triple
    emitter = Emitter(module, name, vector_width())
    with denormals_as_zero(emitter, module.triple):
        write(emitter)
    emitter.finish()
    return module


def optimise(module: ir.Module) -> llvm.ModuleRef:
    """Check and optimise for this machine.

    ``str`` shows the code, ``host().emit_assembly`` that of the machine.
    LLVM's own vectorisers are off: vectors are those that were emitted.

    Raises:
        RuntimeError: If LLVM does not accept the code, with the line.
    """
    parsed = llvm.parse_assembly(str(module))
    parsed.verify()
    tuning = llvm.create_pipeline_tuning_options(speed_level=3)
    tuning.loop_vectorization = False
    tuning.slp_vectorization = False
    builder = llvm.create_pass_builder(host(), tuning)
    builder.getModulePassManager().run(parsed, builder)
    return parsed


# The machine code belongs to its engine.
_keep_alive: list[llvm.ExecutionEngine] = []
