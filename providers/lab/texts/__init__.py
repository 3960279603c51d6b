"""What a node prints, by subject, each with a note of what was seen and what is inferred.

Pure: values in, lines out (without line ends). Belongs here: wording and layout, in the dialect of the node.
Does not belong here: what is so (`world`), framing, echo and SSH (`shell`, `expressway`).
"""
