"""Apache Kafka, and MSK that runs it.

Brokers, topics, partitions and their replicas, producers, consumer groups and their members, Connect tasks, and what instances can do and cost. The mapping of a topic to a function is in `mappings`.
"""
