"""Mutation: one small change to the code at a time, and some test must fail. ``make mutation`` runs it.

Belongs here: what is changed (`operators`), where and by which tests it is judged (`rooms`), how a change is
tried (`trial`), and the table at the end (`report`). What no test needs to notice stands in ``survivors.md``
with its reason.

A tool of our own, because the ones there are look into functions only, and half of what these rooms know is
in tables and patterns of modules; and because they change wording too. Left out on purpose: docstrings, type
annotations, log texts, the sentences that people read (f-strings, the arguments of ``raise``, strings with
blanks that nothing is compared with), decorators, ``fsync``, which shows only after a power cut, and
``os.kill``, which a mutant must never aim.
"""
