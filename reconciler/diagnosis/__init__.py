"""What is wrong and what Cisco needs to hear: facts in, named troubles and case files out.

Pure: everything that is judged here is an argument. Where the facts come from (journal, YAML, an observation)
is the command line's to know, and how they are printed is reporting's.
"""
