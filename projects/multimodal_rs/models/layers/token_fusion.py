"""Fusion of the tokens of one sample by attention and by a graph."""

import torch
from torch import Tensor, nn
from torch.nn import functional


class TokenFusion(nn.Module):
    """Attend, convolve over a graph, average: the "MFF module" of MMRS.

    Its README names multi-head self-attention and graph convolution; order,
    nodes and widths are ours. The nodes are the tokens of one sample (the
    cells of its window in every modality, 18 of them), so that no answer
    depends on the other samples of a batch, and no matrix is larger than
    18 x 18. Each part can be left out; without both, the mean of the tokens
    is the result.

    Args:
        modalities: Number of modalities.
        cells: Tokens of each.
        channels: C.
        attention: Whether tokens attend to each other, in a block with a norm
            before each of its two halves.
        graph: Whether two graph convolutions follow.
        heads: Of the attention.
        neighbours: Entries of a row of the graph that are kept.
    """

    def __init__(
        self,
        modalities: int,
        cells: int,
        channels: int,
        attention: bool = True,
        graph: bool = True,
        heads: int = 4,
        neighbours: int = 8,
    ) -> None:
        super().__init__()
        self.neighbours = neighbours
        self.of_modality = nn.Parameter(torch.empty(modalities, 1, channels))
        self.of_cell = nn.Parameter(torch.empty(cells, channels))
        for parameter in (self.of_modality, self.of_cell):
            nn.init.trunc_normal_(parameter, std=0.02)
        self.attention = AttentionBlock(channels, heads) if attention else None
        steps = 2 if graph else 0
        self.graph = nn.ModuleList(
            nn.Linear(channels, channels) for _ in range(steps)
        )

    def forward(self, tokens: Tensor) -> Tensor:
        """Fuse.

        Args:
            tokens: (B, modalities, cells, C).

        Returns:
            (B, C).
        """
        x = (tokens + self.of_modality + self.of_cell).flatten(1, 2)
        if self.attention is not None:
            x = self.attention(x)
        if self.graph:
            adjacency = similarity_graph(x, self.neighbours)
            for layer in self.graph:
                x = x + functional.gelu(layer(adjacency @ x))
        return x.mean(dim=1)


class AttentionBlock(nn.Module):
    """Self-attention and two layers, each after a norm and with a shortcut."""

    def __init__(self, channels: int, heads: int) -> None:
        super().__init__()
        self.norms = nn.ModuleList(nn.LayerNorm(channels) for _ in range(2))
        self.attend = nn.MultiheadAttention(channels, heads, batch_first=True)
        self.layers = nn.Sequential(
            nn.Linear(channels, 2 * channels),
            nn.GELU(),
            nn.Linear(2 * channels, channels),
        )

    def forward(self, x: Tensor) -> Tensor:
        """(B, N, C) -> (B, N, C)."""
        y = self.norms[0](x)
        x = x + self.attend(y, y, y, need_weights=False)[0]
        return x + self.layers(self.norms[1](x))


def similarity_graph(x: Tensor, neighbours: int) -> Tensor:
    """Connect tokens that point the same way.

        S = softmax of the cosine similarities of each row
        A = (S' + S'^T) / 2 + 1, S' the largest entries of each row of S
        D^-1/2 A D^-1/2, D the row sums of A

    Args:
        x: (B, N, C).
        neighbours: Entries of each row that are kept, at most N.

    Returns:
        (B, N, N), symmetric.
    """
    unit = functional.normalize(x, dim=2)
    weights = (unit @ unit.transpose(1, 2)).softmax(dim=2)
    kept = weights.topk(min(neighbours, x.shape[1]), dim=2)
    sparse = torch.zeros_like(weights).scatter(2, kept.indices, kept.values)
    adjacency = (sparse + sparse.transpose(1, 2)) / 2
    adjacency = adjacency + torch.eye(x.shape[1]).to(adjacency)
    scale = adjacency.sum(dim=2).rsqrt()
    return scale[:, :, None] * adjacency * scale[:, None]
