"""Behaviour in time that services share: a package for each thing that is modelled.

Beside the packages stands what several of them use (distributions, token buckets, retries, the verb *poll*), and imports none of them.
"""
