"""The seat network of Sichuan and Chongqing, as fact tables; see ``NOTICE.md`` here for their sources and licence."""

from routing.builtin.load import load_builtin

__all__ = ["load_builtin"]
