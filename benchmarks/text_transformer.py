"""A character transformer of the size of nanoGPT's recipe for CPUs, in plain torch: the peer of bench_text.py.

    python benchmarks/text_transformer.py LEARNED TEST --max-time 180

4 blocks of 4 heads and 128 features over the last 64 characters, 0.8 million weights; normalised before each part,
GELU, attention by torch's fused kernel. AdamW (0.9, 0.99) with decay 0.1 on matrices, gradients clipped at 1, linear
warm-up, and a cosine that ends with the time. Batch 16 at a rate of 2e-3, near that recipe's 12 at 1e-3; not tuned.
"""

# ruff: noqa: E402 (the imports are part of what is timed)
from __future__ import annotations

import time

BEGAN = time.perf_counter()

import argparse
import math
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

BLOCK, WIDTH, HEADS, LAYERS = 64, 128, 4, 4


class Block(nn.Module):
    """Attention to what came before, then two layers, each beside a way around it."""

    def __init__(self) -> None:
        super().__init__()
        self.before, self.between = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
        self.asked, self.mixed = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH)
        self.wide, self.narrow = nn.Linear(WIDTH, 4 * WIDTH), nn.Linear(4 * WIDTH, WIDTH)

    def forward(self, x: Tensor) -> Tensor:
        heads = self.asked(self.before(x)).unflatten(-1, (3, HEADS, WIDTH // HEADS)).permute(2, 0, 3, 1, 4)
        seen = F.scaled_dot_product_attention(*heads, is_causal=True)
        x = x + self.mixed(seen.transpose(1, 2).flatten(2))
        return x + self.narrow(F.gelu(self.wide(self.between(x))))


class Transformer(nn.Module):
    """Logits [B, T, V] of the next character at each of at most BLOCK places."""

    def __init__(self, vocabulary: int) -> None:
        super().__init__()
        self.letters, self.places = nn.Embedding(vocabulary, WIDTH), nn.Embedding(BLOCK, WIDTH)
        self.blocks = nn.Sequential(*(Block() for _ in range(LAYERS)), nn.LayerNorm(WIDTH))
        self.head = nn.Linear(WIDTH, vocabulary, bias=False)
        for name, weight in self.named_parameters():
            if weight.ndim == 2:
                scale = 0.02 / math.sqrt(2 * LAYERS) if "mixed" in name or "narrow" in name else 0.02
                nn.init.normal_(weight, std=scale)
        self.head.weight = self.letters.weight

    def forward(self, tokens: Tensor) -> Tensor:
        return self.head(self.blocks(self.letters(tokens) + self.places.weight[: tokens.shape[1]]))


def main() -> None:
    """Train for the time, score the test part in windows read from nothing, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("learned", type=Path)
    parser.add_argument("test", type=Path)
    parser.add_argument("--max-time", type=float, default=180.0)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    torch.manual_seed(asked.seed)
    learned, test = (path.read_text(encoding="utf-8") for path in (asked.learned, asked.test))
    letters = {letter: n for n, letter in enumerate(sorted(set(learned + test)))}
    text, judged = (torch.tensor([letters[letter] for letter in part]) for part in (learned, test))
    model = Transformer(len(letters))
    matrices = [weight for weight in model.parameters() if weight.ndim == 2]
    vectors = [weight for weight in model.parameters() if weight.ndim < 2]
    groups = [{"params": matrices, "weight_decay": 0.1}, {"params": vectors, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=asked.rate, betas=(0.9, 0.99), fused=True)
    steps, used = 0, 0.0
    while (used := (time.perf_counter() - BEGAN) / asked.max_time) < 1:
        rate = asked.rate * min(1, used / 0.05) * (0.1 + 0.9 * 0.5 * (1 + math.cos(math.pi * used)))
        for group in optimizer.param_groups:
            group["lr"] = rate
        starts = torch.randint(len(text) - BLOCK - 1, (asked.batch, 1))
        window = text[starts + torch.arange(BLOCK + 1)]
        loss = F.cross_entropy(model(window[:, :-1]).flatten(0, 1), window[:, 1:].flatten())
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        steps += 1
    seconds = time.perf_counter() - BEGAN
    windows = judged[: (len(judged) - 1) // BLOCK * BLOCK + 1].unfold(0, BLOCK + 1, BLOCK)
    with torch.no_grad():
        parts = [(model(part[:, :-1]).flatten(0, 1), part[:, 1:].flatten()) for part in windows.split(128)]
        nats = torch.cat([F.cross_entropy(*part, reduction="none") for part in parts]).mean().item()
    weights = sum(weight.numel() for weight in model.parameters())
    read = steps * asked.batch * BLOCK
    print(f"transformer of {weights:,} weights: {read:,} characters in {seconds:.0f} s, {read / seconds:,.0f} a second")
    print(f"windows of {BLOCK}    {nats:.4f} nats  {nats / math.log(2):.4f} bits per character", flush=True)


if __name__ == "__main__":
    main()
