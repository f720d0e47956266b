"""Parameters of a block of channels, and where they are."""

from multimodal_rs.ops.backends.llvm.emitter import Emitter, Value
from multimodal_rs.ops.backends.llvm.layout import BLOCK, Arguments, Variant


class Parameters:
    """Addresses of the parameters of one block, or of their gradients.

    Args:
        e: Emitter.
        arguments: Of the kernel.
        variant: Sizes.
        number: Of the block.
        prefix: 'd' for the gradients.

    Attributes:
        A: (N, BLOCK), the parameter times log2(e).
        bias: (BLOCK,).
        skip: (BLOCK,).
    """

    def __init__(
        self,
        e: Emitter,
        arguments: Arguments,
        variant: Variant,
        number: Value,
        prefix: str = '',
    ) -> None:
        rates = number * (variant.padded * BLOCK)
        self.A = e.at(arguments.address(f'{prefix}A'), rates)
        self.bias = e.at(arguments.address(f'{prefix}bias'), number * BLOCK)
        self.skip = e.at(arguments.address(f'{prefix}skip'), number * BLOCK)
