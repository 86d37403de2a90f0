"""Untrusted expressions and plain data in, text out. Pure; knows neither Kubernetes nor the registry.

A text goes through three stages: the scanner finds what is meant as an expression, the grammar accepts or
refuses it, and a locked Jinja environment looks up the value and filters it. A module imports only those below it:

near_misses  what is written almost as an expression
template   a text taken apart into literals and expressions, and put together again
sandbox    Jinja, locked: evaluates what the grammar has accepted
grammar    what an expression may say
filters    the filters that there are
scanner    where an expression may be
errors     what can go wrong

    >>> expand("mc alias set s3 << extension.store.url | quote >>", {"store": {"url": "http://minio:9000"}})
    'mc alias set s3 http://minio:9000'
"""

from renderer.errors import ExpressionError, RendererError
from renderer.grammar import Expression, Filter
from renderer.near_misses import NearMiss, may_be_near
from renderer.near_misses import find as near_misses
from renderer.sandbox import evaluate
from renderer.template import Piece, Template, contains, expand, parse

__all__ = [
    "Expression",
    "ExpressionError",
    "Filter",
    "NearMiss",
    "Piece",
    "RendererError",
    "Template",
    "contains",
    "evaluate",
    "expand",
    "may_be_near",
    "near_misses",
    "parse",
]
