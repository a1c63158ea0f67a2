"""Functions: AWS Lambda without what feeds it.

Parameters, concurrency, environments and cold starts, the run of a handler, the queue of asynchronous events, and the bill. What reads a source to invoke a function is in `mappings`.
"""
