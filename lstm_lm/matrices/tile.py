"""The instructions of a matrix product, written down: a tile of it is kept in registers.

A tile has 8 rows, or 4, and up to 3 vectors of 16 columns: 24 of 32 registers at most. Each k
adds the product of 8 numbers of A, one for each row, and 3 vectors of B: 24 multiplications with
addition for 11 loads. So the arithmetic is busy in every cycle, whichever cache the numbers are in.

Source: for a product made of tiles in registers and of matrices laid out in strips: Goto and van de
        Geijn 2008, "Anatomy of high-performance matrix multiplication", sec. 4 to 6.
"""

from __future__ import annotations

from typing import Any

from lstm_lm.matrices.moving import LANES, prefetch
from toktools.kernels.kernel import Intrinsic, intrinsic

ROWS, FEW_ROWS = 8, 4
VECTORS = 3
"""Of a strip; the last strip of a matrix may have fewer."""
UNROLLED = 4


def _tile_product(n_rows: int, n_vectors: int) -> Intrinsic:
    """Make the function for so many rows, and strips of so many vectors."""

    @intrinsic
    def tile_product(
        llvm: Any,
        a: Any,
        a_at: Any,
        a_step: Any,
        b: Any,
        b_at: Any,
        n: Any,
        start: Any,
        start_at: Any,
        start_step: Any,
        out: Any,
        out_at: Any,
        out_step: Any,
    ) -> Any:
        """Write `start` plus the product of some rows of A and a strip of B to `out`.

        Each row of an array begins a step behind the one before, the first where `_at` says; n is
        the length of A's rows. Of a strip 16, 32 or 48 numbers stand side by side for each k.
        `start` is float32; with a step of 0 all its rows are one. `out` is float32, or bfloat16 as
        its bits, uint16.
        """
        whole = llvm.types.int64
        generate = _Writer(llvm, (n_rows, n_vectors), a.dtype, out.dtype)
        places = (whole, whole, b, whole, whole, start, whole, whole, out, whole, whole)
        return llvm.types.void(a, *places), generate

    return tile_product


class _Writer:
    """Writes the instructions of a `tile_product`."""

    def __init__(self, llvm: Any, size: tuple[int, int], kind: Any, out_kind: Any) -> None:
        ir = self.ir = llvm.ir
        (self.n_rows, self.vectors), self.is_pair = size, kind == llvm.types.int32
        self.gives_short = out_kind == llvm.types.uint16
        self.whole, self.half, self.float = llvm.WORD, llvm.HALF_WORD, ir.FloatType()
        self.number = self.half if self.is_pair else self.float
        self.out_number = ir.IntType(16) if self.gives_short else self.float
        self.floats, self.numbers, self.outs = (
            llvm.vector(one, LANES) for one in (self.float, self.number, self.out_number)
        )

    def __call__(self, context: Any, builder: Any, signature: Any, args: Any) -> Any:
        self.builder = builder

        def first(at: int, kind: Any) -> Any:
            data = context.make_array(signature.args[at])(context, builder, args[at]).data
            return builder.gep(builder.bitcast(data, kind.as_pointer()), [args[at + 1]])

        def tile(at: int, number: Any, vector: Any) -> list[Any]:
            rows = self._rows(first(at, number), args[at + 2])
            places = [builder.gep(r, [self.whole(v * LANES)]) for r in rows for v in self._columns]
            return [builder.bitcast(place, vector.as_pointer()) for place in places]

        self.rows = self._rows(first(0, self.number), args[2])
        self.strip = first(3, self.number)
        starts = tile(6, self.float, self.floats)
        for place in starts:
            prefetch(self.ir, builder, place)
        sums, done = [self.ir.Constant(self.floats, [0.0] * LANES)] * len(starts), self.whole(0)
        for unrolled in (UNROLLED, 1):
            n_times = builder.udiv(builder.sub(args[5], done), self.whole(unrolled))
            sums = self._added(sums, done, n_times, unrolled)
            done = builder.add(done, builder.mul(n_times, self.whole(unrolled)))
        places = zip(sums, starts, tile(9, self.out_number, self.outs), strict=True)
        for total, start, out in places:
            total = builder.fadd(builder.load(start, align=4), total)
            builder.store(self._as_given(total), out, align=2)
        return context.get_dummy_value()

    @property
    def _columns(self) -> range:
        return range(self.vectors)

    def _rows(self, first: Any, step: Any) -> list[Any]:
        """Return where each row begins."""
        builder = self.builder
        return [builder.gep(first, [builder.mul(step, self.whole(i))]) for i in range(self.n_rows)]

    def _added(self, sums: list[Any], first: Any, n_times: Any, unrolled: int) -> list[Any]:
        """Write a loop that adds to the sums, `unrolled` k at a time; return them after it."""
        builder, before = self.builder, self.builder.block
        body, after = (builder.append_basic_block(name) for name in ("k", "after"))
        builder.cbranch(builder.icmp_unsigned(">", n_times, self.whole(0)), body, after)
        builder.position_at_end(body)
        i, inside = builder.phi(self.whole), [builder.phi(self.floats) for _ in sums]
        now = list(inside)
        place = builder.add(first, builder.mul(i, self.whole(unrolled)))
        for k in range(unrolled):
            now = self._step(now, builder.add(place, self.whole(k)))
        following = builder.add(i, self.whole(1))
        for phi, start, end in zip(
            (i, *inside), (self.whole(0), *sums), (following, *now), strict=True
        ):
            phi.add_incoming(start, before)
            phi.add_incoming(end, body)
        builder.cbranch(builder.icmp_unsigned("<", following, n_times), body, after)
        builder.position_at_end(after)
        totals = [builder.phi(self.floats) for _ in sums]
        for phi, start, end in zip(totals, sums, now, strict=True):
            phi.add_incoming(start, before)
            phi.add_incoming(end, body)
        return totals

    def _step(self, sums: list[Any], k: Any) -> list[Any]:
        """Add the products of one k."""
        builder = self.builder
        line = builder.gep(self.strip, [builder.mul(k, self.whole(self.vectors * LANES))])
        line = builder.bitcast(line, self.numbers.as_pointer())
        places = [builder.gep(line, [self.whole(v)]) for v in self._columns]
        columns = [builder.load(place, align=4) for place in places]
        found: list[Any] = []
        for i, row in enumerate(self.rows):
            number = self._in_all_lanes(builder.load(builder.gep(row, [k]), align=2))
            here = sums[i * self.vectors : (i + 1) * self.vectors]
            found += [self._multiply_add(number, b, c) for b, c in zip(columns, here, strict=True)]
        return found

    def _in_all_lanes(self, number: Any) -> Any:
        nothing = self.ir.Constant(self.numbers, self.ir.Undefined)
        one = self.builder.insert_element(nothing, number, self.half(0))
        lanes = self.ir.Constant(self.ir.VectorType(self.half, LANES), [0] * LANES)
        return self.builder.shuffle_vector(one, nothing, lanes)

    def _multiply_add(self, a: Any, b: Any, total: Any) -> Any:
        """Return total + a b of vectors: in float32 rounded once, of pairs both products added."""
        builder, module = self.builder, self.builder.module
        if self.is_pair:
            kind = self.ir.FunctionType(self.floats, [self.floats, self.numbers, self.numbers])
            return builder.asm(kind, "vdpbf16ps $3, $2, $0", "=v,0,v,v", [total, a, b], False)
        name = f"llvm.fma.v{LANES}f32"
        if name not in module.globals:
            self.ir.Function(module, self.ir.FunctionType(self.floats, [self.floats] * 3), name)
        return builder.call(module.globals[name], [a, b, total])

    def _as_given(self, total: Any) -> Any:
        if not self.gives_short:
            return total
        kind = self.ir.FunctionType(self.outs, [self.floats])
        return self.builder.asm(kind, "vcvtneps2bf16 $1, $0", "=v,v", [total], False)


tile_product_8_1, tile_product_8_2, tile_product_8_3 = (_tile_product(ROWS, v) for v in (1, 2, 3))
tile_product_4_1, tile_product_4_2, tile_product_4_3 = (
    _tile_product(FEW_ROWS, v) for v in (1, 2, 3)
)
