"""A message broker that pushes: Amazon MQ for ActiveMQ.

Its destinations and storage, the clients that send to it, and the sessions of those that consume. Kafka, which is polled, has a package of its own.
"""
