"""Records of common products for a person to fill in, each with the variables that the product's clients read.

products/*.yaml    one record each, with comments and placeholders; docs/templates.md says how they are written
catalogue          finds and lists them. Edge: reads the files of this package
forms              the text of one as a record or as an ``Extension``. Pure
"""
