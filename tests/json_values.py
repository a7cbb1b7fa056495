"""Any JSON object, for tests that write and read it."""

from __future__ import annotations

from hypothesis import strategies as st

_numbers = st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**63), 2**63)
_values = st.recursive(
    _numbers | st.text() | st.booleans() | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)
json_objects = st.dictionaries(st.text(), _values, max_size=4)
