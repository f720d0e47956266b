"""Python expressions that write LLVM code.

A kernel is a Python function that runs once and leaves machine code behind:
``+ - * <`` on :class:`Value` emit instructions, Python's own loops unroll,
:meth:`Emitter.loop` makes a loop of the machine. Vectors are explicit, so
that the compiler has nothing to guess.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from llvmlite import ir

INDEX = ir.IntType(64)
FLOAT = ir.FloatType()
BITS = ir.IntType(32)
POINTER = ir.PointerType()


class Value:
    """A number, vector or pointer of the machine.

    Args:
        emitter: Where its instructions go.
        raw: The LLVM value.
    """

    __slots__ = ('emitter', 'raw')

    def __init__(self, emitter: 'Emitter', raw: ir.Value) -> None:
        self.emitter = emitter
        self.raw = raw

    @property
    def is_integer(self) -> bool:
        kind = getattr(self.raw.type, 'element', self.raw.type)
        return isinstance(kind, ir.IntType)

    def __add__(self, other):
        return self._binary('add', 'fadd', other)

    def __sub__(self, other):
        return self._binary('sub', 'fsub', other)

    def __mul__(self, other):
        return self._binary('mul', 'fmul', other)

    def __truediv__(self, other):
        return self._binary(None, 'fdiv', other)

    def __floordiv__(self, other):
        return self._binary('sdiv', None, other)

    def __mod__(self, other):
        return self._binary('srem', None, other)

    def __lshift__(self, other):
        return self._binary('shl', None, other)

    def __lt__(self, other):
        return self._compare('<', other)

    def __ge__(self, other):
        return self._compare('>=', other)

    def equals(self, other) -> 'Value':
        return self._compare('==', other)

    def _binary(self, on_integers, on_floats, other):
        name = on_integers if self.is_integer else on_floats
        method = getattr(self.emitter.builder, name)
        return Value(self.emitter, method(self.raw, self._same(other)))

    def _compare(self, operator, other):
        builder = self.emitter.builder
        method = (
            builder.icmp_signed if self.is_integer else builder.fcmp_ordered
        )
        return Value(
            self.emitter, method(operator, self.raw, self._same(other))
        )

    def _same(self, other):
        if isinstance(other, Value):
            return other.raw
        kind = self.raw.type
        if isinstance(kind, ir.VectorType):
            return ir.Constant(kind, [other] * kind.count)
        return ir.Constant(kind, other)


class Variable:
    """A memory cell that becomes a register once the code is optimised."""

    def __init__(self, emitter: 'Emitter', initial: Value) -> None:
        self.emitter = emitter
        self.kind = initial.raw.type
        self.cell = emitter.entry_alloca(self.kind)
        self.set(initial)

    def get(self) -> Value:
        builder = self.emitter.builder
        return Value(self.emitter, builder.load(self.cell, typ=self.kind))

    def set(self, value: Value) -> None:
        self.emitter.builder.store(value.raw, self.cell)


class Emitter:
    """Writes one function ``void name(ptr, ptr)``.

    Args:
        module: Receives the function.
        name: Of the function.
        width: Lanes of a vector.
    """

    def __init__(self, module: ir.Module, name: str, width: int) -> None:
        self.module = module
        self.width = width
        self.vector = ir.VectorType(FLOAT, width)
        signature = ir.FunctionType(ir.VoidType(), [POINTER, POINTER])
        self.function = ir.Function(module, signature, name)
        self._entry = self.function.append_basic_block('entry')
        body = self.function.append_basic_block('body')
        self.builder = ir.IRBuilder(body)
        self._body = body
        self._fma = None

    def argument(self, number: int) -> Value:
        return Value(self, self.function.args[number])

    def finish(self) -> None:
        """Return from the function."""
        self.builder.ret_void()
        ir.IRBuilder(self._entry).branch(self._body)

    # Numbers

    def index(self, number: int) -> Value:
        return Value(self, ir.Constant(INDEX, number))

    def splat(self, number: float) -> Value:
        return Value(
            self, ir.Constant(self.vector, [float(number)] * self.width)
        )

    def fma(self, a: Value, b: Value, c: Value) -> Value:
        """a * b + c, in one instruction where the machine has it."""
        if self._fma is None:
            self._fma = ir.Function(
                self.module,
                ir.FunctionType(self.vector, [self.vector] * 3),
                f'llvm.fmuladd.v{self.width}f32',
            )
        return Value(self, self.builder.call(self._fma, [a.raw, b.raw, c.raw]))

    def select(self, condition: Value, yes: Value, no: Value) -> Value:
        return Value(self, self.builder.select(condition.raw, yes.raw, no.raw))

    def minimum(self, a: Value, b: Value) -> Value:
        return self.select(a < b, a, b)

    def as_bits(self, value: Value) -> Value:
        kind = ir.VectorType(BITS, self.width)
        return Value(self, self.builder.bitcast(value.raw, kind))

    def as_floats(self, value: Value) -> Value:
        return Value(self, self.builder.bitcast(value.raw, self.vector))

    def broadcast(self, scalar: Value) -> Value:
        undefined = ir.Constant(self.vector, ir.Undefined)
        zero = ir.Constant(BITS, 0)
        first = self.builder.insert_element(undefined, scalar.raw, zero)
        lanes = ir.Constant(ir.VectorType(BITS, self.width), None)
        return Value(
            self, self.builder.shuffle_vector(first, undefined, lanes)
        )

    def shuffle(self, a: Value, b: Value, lanes: list[int]) -> Value:
        """Pick lanes of a (0 ... width - 1) and b (width ...)."""
        mask = ir.Constant(ir.VectorType(BITS, len(lanes)), lanes)
        return Value(self, self.builder.shuffle_vector(a.raw, b.raw, mask))

    # Memory

    def buffer(self, floats: int) -> Value:
        """Scratch memory on the stack, aligned to 64 bytes."""
        return Value(self, self.entry_alloca(ir.ArrayType(FLOAT, floats)))

    def index_buffer(self, count: int) -> Value:
        return Value(self, self.entry_alloca(ir.ArrayType(INDEX, count)))

    def entry_alloca(self, kind: ir.Type) -> ir.Value:
        cell = ir.IRBuilder(self._entry).alloca(kind)
        cell.align = 64
        cell.type = POINTER  # opaque, as all others
        return cell

    def at(self, pointer: Value, *offsets, kind=FLOAT) -> Value:
        """Pointer to the element number sum(offsets)."""
        raw = pointer.raw
        for offset in offsets:
            number = (
                offset.raw
                if isinstance(offset, Value)
                else ir.Constant(INDEX, offset)
            )
            raw = self.builder.gep(
                raw, [number], inbounds=True, source_etype=kind
            )
        return Value(self, raw)

    def load(self, pointer: Value, *offsets) -> Value:
        """Load a vector."""
        return self._load(pointer, offsets, self.vector)

    def load_scalar(self, pointer: Value, *offsets) -> Value:
        return self._load(pointer, offsets, FLOAT)

    def load_splat(self, pointer: Value, *offsets) -> Value:
        """Load one number into all lanes."""
        return self.broadcast(self.load_scalar(pointer, *offsets))

    def load_index(self, pointer: Value, *offsets) -> Value:
        place = self.at(pointer, *offsets, kind=INDEX)
        return Value(self, self.builder.load(place.raw, typ=INDEX, align=8))

    def load_pointer(self, pointer: Value, *offsets) -> Value:
        raw = self.load_index(pointer, *offsets).raw
        return Value(self, self.builder.inttoptr(raw, POINTER))

    def store(self, value: Value, pointer: Value, *offsets) -> None:
        place = self.at(pointer, *offsets)
        self.builder.store(value.raw, place.raw, align=4)

    def store_index(self, value: Value, pointer: Value, *offsets) -> None:
        place = self.at(pointer, *offsets, kind=INDEX)
        self.builder.store(value.raw, place.raw, align=8)

    def add_to(self, value: Value, pointer: Value, *offsets) -> None:
        """Add a vector to memory."""
        place = self.at(pointer, *offsets)
        self.store(self.load(place) + value, place)

    def add_scalar_to(self, value: Value, pointer: Value, *offsets) -> None:
        place = self.at(pointer, *offsets)
        self.store(self.load_scalar(place) + value, place)

    def _load(self, pointer, offsets, kind) -> Value:
        place = self.at(pointer, *offsets)
        return Value(self, self.builder.load(place.raw, typ=kind, align=4))

    def next_task(self, counter: Value) -> Value:
        """Take a number from a counter that several threads share."""
        one = ir.Constant(INDEX, 1)
        return Value(
            self,
            self.builder.atomic_rmw('add', counter.raw, one, 'monotonic'),
        )

    # Control

    @contextmanager
    def loop(self, count, step: int = 1, down: bool = False) -> Iterator:
        """Run the block for 0, step, ... < count, or backwards.

        Args:
            count: Value or number, a multiple of ``step`` if ``down``.
            step: Of the index.
            down: From count - step to 0.
        """
        if not isinstance(count, Value):
            count = self.index(count)
        builder, zero = self.builder, self.index(0)
        first = count - step if down else zero
        head = self.function.append_basic_block('loop')
        body = self.function.append_basic_block('turn')
        after = self.function.append_basic_block('after')
        before = builder.block
        builder.branch(head)
        builder.position_at_end(head)
        phi = builder.phi(INDEX)
        phi.add_incoming(first.raw, before)
        i = Value(self, phi)
        more = i >= 0 if down else i < count
        builder.cbranch(more.raw, body, after)
        builder.position_at_end(body)
        yield i
        following = i - step if down else i + step
        phi.add_incoming(following.raw, builder.block)
        builder.branch(head)
        builder.position_at_end(after)

    @contextmanager
    def tasks(self, number: Value, counter: Value) -> Iterator:
        """Run the block for numbers taken from the counter, to ``number``."""
        start = self.function.append_basic_block('take')
        body = self.function.append_basic_block('task')
        after = self.function.append_basic_block('done')
        self.builder.branch(start)
        self.builder.position_at_end(start)
        task = self.next_task(counter)
        self.builder.cbranch((task < number).raw, body, after)
        self.builder.position_at_end(body)
        yield task
        self.builder.branch(start)
        self.builder.position_at_end(after)

    @contextmanager
    def when(self, condition: Value) -> Iterator[None]:
        with self.builder.if_then(condition.raw):
            yield

    @contextmanager
    def either(self, condition: Value) -> Iterator[tuple]:
        """``with either(c) as (yes, no): with yes: ...; with no: ...``."""
        with self.builder.if_else(condition.raw) as branches:
            yield branches
