"""The note that the webhook leaves on a run: what its steps were given, and how to take that out again. Pure.

undo       an object with a note -> the object as its author wrote it
writing    what becomes of an object -> its note
steps      steps in a note, in few words
places     places in a note, by names where there are any
resolved   the annotation
"""
