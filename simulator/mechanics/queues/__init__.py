"""Queues that are polled: Amazon SQS.

What a queue stores and in which order it gives it out, receives and visibility timeouts, redrive, limits, and workers in cohorts. What any queue owes to a consumer is in `polling`.
"""
