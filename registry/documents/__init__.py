"""Bytes -> text -> documents -> plain data, and the position of each value in the text. Pure."""
