"""Denormal numbers, which are zero inside a kernel.

A state that decays over hidden or empty pixels (zero input) becomes denormal,
and arithmetic on such numbers is many times slower on most processors. The
control register belongs to the thread and is put back at the end.
"""

from contextlib import contextmanager

from llvmlite import ir

from multimodal_rs.ops.backends.llvm.emitter import BITS, POINTER, Emitter

# Bits of MXCSR: flush results to zero, read operands as zero.
FLUSH_AND_READ_AS_ZERO = 0x8040


@contextmanager
def denormals_as_zero(e: Emitter, triple: str):
    """Emit code around the block.

    Args:
        e: Emitter.
        triple: Of the machine. Other processors than x86-64, whose cores
            handle denormals at nearly full speed, are left as they are.
    """
    if not triple.startswith('x86_64'):
        yield
        return
    signature = ir.FunctionType(ir.VoidType(), [POINTER])
    read = ir.Function(e.module, signature, 'llvm.x86.sse.stmxcsr')
    write = ir.Function(e.module, signature, 'llvm.x86.sse.ldmxcsr')
    before, during = e.entry_alloca(BITS), e.entry_alloca(BITS)
    builder = e.builder
    builder.call(read, [before])
    changed = builder.or_(
        builder.load(before, typ=BITS),
        ir.Constant(BITS, FLUSH_AND_READ_AS_ZERO),
    )
    builder.store(changed, during)
    builder.call(write, [during])
    yield
    builder.call(write, [before])
