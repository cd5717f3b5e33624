"""Instructions that move numbers: 16 copied, a square turned, a line of memory asked for.

A number is a float32, or a pair of bfloat16s of two k that follow one another, in an int32 (k
counts the columns of A and the rows of B, see `lstm_lm.matrices`).
"""

from __future__ import annotations

from typing import Any

from toktools.kernels.kernel import Intrinsic, intrinsic

LANES = 16
ROWS_AHEAD, ASKED_AHEAD = 16, 64
"""Memory is asked for while other is copied: so many rows below it, or elements to the right."""


@intrinsic
def turn_square(
    llvm: Any, x: Any, x_at: Any, x_step: Any, out: Any, out_at: Any, out_step: Any
) -> Any:
    """Write 16 rows of 16 numbers to `out` as its columns; places and steps as `tile_product`'s.

    If x has bfloat16s, as their bits, uint16, it is 32 rows of them, and of each two below each
    other a pair is made.
    """

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        ir, half, whole = llvm.ir, llvm.HALF_WORD, llvm.WORD
        source = _Numbers(llvm, context, builder, signature.args[0], args[0], LANES)
        n_rows = LANES * source.rows_of_a_number
        places = [builder.add(args[1], builder.mul(args[2], whole(row))) for row in range(n_rows)]
        for place in places:
            source.prefetch(builder.add(place, whole(ASKED_AHEAD)))
        now = [source.load(place, args[2]) for place in places[:: source.rows_of_a_number]]
        for bit in (8, 4, 2, 1):  # numbers change places whose row and column differ in this bit
            of_two = [i + LANES - bit if i & bit else i for i in range(LANES)]
            orders = [
                ir.Constant(ir.VectorType(half, LANES), [lane + shift for lane in of_two])
                for shift in (0, bit)
            ]
            for i in (i for i in range(LANES) if not i & bit):
                two = now[i], now[i + bit]
                now[i], now[i + bit] = (builder.shuffle_vector(*two, order) for order in orders)
        target = _Numbers(llvm, context, builder, signature.args[3], args[3], LANES)
        for row, value in enumerate(now):
            target.store(builder.add(args[4], builder.mul(args[5], whole(row))), value)
        return context.get_dummy_value()

    whole = llvm.types.int64
    return llvm.types.void(x, whole, whole, out, whole, whole), generate


class _Numbers:
    """An array as vectors of numbers; of bfloat16s, as their bits, uint16, pairs are made."""

    def __init__(
        self, llvm: Any, context: Any, builder: Any, kind: Any, array: Any, n_lanes: int
    ) -> None:
        self.llvm, self.builder = llvm, builder
        self.is_short = kind.dtype == llvm.types.uint16
        self.vector = llvm.vector(llvm.HALF_WORD, n_lanes)
        number = llvm.ir.IntType(16) if self.is_short else llvm.HALF_WORD
        self.given = llvm.vector(number, n_lanes)
        data = context.make_array(kind)(context, builder, array).data
        self.first = builder.bitcast(data, number.as_pointer())

    @property
    def rows_of_a_number(self) -> int:
        return 2 if self.is_short else 1

    def _place(self, at: Any) -> Any:
        place = self.builder.gep(self.first, [at])
        return self.builder.bitcast(place, self.given.as_pointer())

    def load(self, at: Any, step: Any) -> Any:
        """Return the numbers there; of a pair the second is a step behind the first."""
        builder, found = self.builder, self.builder.load(self._place(at), align=2)
        if not self.is_short:
            return found
        after = builder.load(self._place(builder.add(at, step)), align=2)
        upper = builder.shl(
            builder.zext(after, self.vector), self.llvm.in_all_lanes(self.vector, 16)
        )
        return builder.or_(builder.zext(found, self.vector), upper)

    def store(self, at: Any, numbers: Any) -> None:
        """Write numbers there, pairs as int32."""
        self.builder.store(numbers, self._place(at), align=4)

    def prefetch(self, at: Any) -> None:
        """Ask for the line of memory there."""
        prefetch(self.llvm.ir, self.builder, self._place(at))


def prefetch(ir: Any, builder: Any, place: Any) -> None:
    """Ask for a line of memory, to be in the cache later; nothing is wrong with any address."""
    pointer, half, name = ir.IntType(8).as_pointer(), ir.IntType(32), "llvm.prefetch.p0"
    if name not in builder.module.globals:
        kind = ir.FunctionType(ir.VoidType(), [pointer, half, half, half])
        ir.Function(builder.module, kind, name)
    how = half(0), half(3), half(1)  # to be read, into the first cache, data
    builder.call(builder.module.globals[name], [builder.bitcast(place, pointer), *how])


def _copy(n_lanes: int) -> Intrinsic:
    """Make the function for so many numbers."""

    @intrinsic
    def copy_numbers(llvm: Any, x: Any, x_at: Any, x_step: Any, out: Any, out_at: Any) -> Any:
        """Write 16 numbers, or one, from x[x_at] on to `out`.

        If x has bfloat16s, as their bits, uint16, pairs are made: of each and that a step behind.
        """

        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            source, target = (
                _Numbers(llvm, context, builder, signature.args[at], args[at], n_lanes)
                for at in (0, 3)
            )
            ahead = builder.mul(args[2], llvm.WORD(ROWS_AHEAD))
            source.prefetch(builder.add(args[1], ahead))
            target.store(args[4], source.load(args[1], args[2]))
            return context.get_dummy_value()

        whole = llvm.types.int64
        return llvm.types.void(x, whole, whole, out, whole), generate

    return copy_numbers


copy_numbers, copy_number = _copy(LANES), _copy(1)
