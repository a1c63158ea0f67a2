"""Event buses.

What the patterns of rules have in common, how targets are delivered to, and the archive that events are replayed from. Pipes read a source as a mapping does, and are in `mappings`.
"""
