"""Layout that host and kernels agree on: sizes, the order of the arguments."""

from typing import NamedTuple

from multimodal_rs.ops.backends.llvm.emitter import Emitter, Value

# Channels that are processed together: one cache line of float32.
BLOCK = 16
# Time steps between saved states. The backward pass keeps two vectors per
# state and step of a chunk, which fit into the second-level cache.
CHUNK = 64
# States that are held in registers at the same time. More of them are done in
# several turns over a chunk.
MOST_STATES = 8


class Variant(NamedTuple):
    """What is fixed when a kernel is compiled.

    Attributes:
        states: State size of one turn, at most MOST_STATES.
        turns: How often; their product is the (padded) state size.
        softplus: Whether the step size goes through softplus.
    """

    states: int
    turns: int
    softplus: bool = True

    @property
    def padded(self) -> int:
        return self.states * self.turns


def variant_for(states: int, softplus: bool) -> Variant:
    """Split a state size into equal turns."""
    turns = -(-states // MOST_STATES)
    return Variant(-(-states // turns), turns, softplus)


# Arguments of all kernels, 64-bit numbers and addresses; each kernel reads
# those that it needs.
NUMBERS = (
    'tasks',
    'blocks',  # of 16 channels
    'routes',
    'length',
    'chunks',
    'rank',
    'channels',  # numbers from one pixel to the next
    'shares',  # backward: tasks per image (2-D) or group (1-D)
    'groups',
    'projected_size',
)
ADDRESSES = (
    'x',
    'delta',
    'projected',
    'b',
    'c',
    'y',
    'states',
    'A',
    'dt_weight',
    'dt_weight_by_channel',
    'bias',
    'skip',
    'positions',
    'x_bases',
    'projected_bases',
    'projected_strides',
    'dy',
    'dx',
    'ddelta',
    'dprojected',
    'db',
    'dc',
    'dA',
    'ddt_weight',
    'dbias',
    'dskip',
)
FIELDS = NUMBERS + ADDRESSES


class Arguments:
    """The arguments inside a kernel, by name, each loaded once.

    Args:
        e: Emitter, at the start of the function.
    """

    def __init__(self, e: Emitter) -> None:
        self._e = e
        self._table = e.argument(0)

    def number(self, name: str) -> Value:
        return self._e.load_index(self._table, FIELDS.index(name))

    def address(self, name: str) -> Value:
        return self._e.load_pointer(self._table, FIELDS.index(name))
