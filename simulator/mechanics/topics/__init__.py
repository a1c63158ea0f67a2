"""Topics that push to subscribers: Amazon SNS.

Subscriptions with their latencies and retries, FIFO topics and delivery in order, webhooks, and the ways to people. Trying again as such is in `redelivery`.
"""
