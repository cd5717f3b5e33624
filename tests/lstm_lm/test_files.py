"""Files of tensors."""

import torch

from lstm_lm.files import read_tensors, write_tensors

CACHE_LINE = 64  # bytes, to which torch aligns what it allocates


def test_tensors_begin_where_torchs_own_do_however_long_the_header_is(tmp_path):
    """In the file they begin anywhere, and a product of matrices may round otherwise there.

    Runs that were resumed differed in the last bit, depending on the digits of the seconds in the
    header.
    """
    tensor = torch.arange(30, dtype=torch.float32)
    for n in range(0, CACHE_LINE, 8):
        path = tmp_path / f"{n}.safetensors"
        write_tensors(path, {"a": torch.ones(3), "b": tensor}, {"padding": "x" * n})
        tensors, strings = read_tensors(path)
        assert torch.equal(tensors["b"], tensor)
        assert strings == {"padding": "x" * n}
        assert [t.data_ptr() % CACHE_LINE for t in tensors.values()] == [0, 0]
