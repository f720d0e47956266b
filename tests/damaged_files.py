"""Copies of a file, damaged at random."""

import random

KINDS = ('flipped', 'zeroed', 'cut', 'swapped')


def damaged(content: bytes, seed: int) -> bytes:
    """Change a few bytes, a block of them, or leave the end away.

    Args:
        content: Of a whole file.
        seed: The same one damages alike.
    """
    chance = random.Random(seed)
    kind = KINDS[seed % len(KINDS)]
    start = chance.randrange(len(content))
    size = chance.choice((1, 16, 512, 4096))
    changed = bytearray(content)
    if kind == 'flipped':
        for _ in range(chance.choice((1, 1, 3, 20))):
            changed[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    elif kind == 'zeroed':
        end = min(start + size, len(content))
        changed[start:end] = bytes(end - start)
    elif kind == 'cut':
        del changed[start:]
    else:  # a block of another place, as after a mistake of a disk
        other = chance.randrange(len(content))
        block = content[other : other + size]
        changed[start : start + len(block)] = block
    return bytes(changed[: len(content)])
