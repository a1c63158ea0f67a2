"""What reads a source and hands on batches of it: event source mappings, and the pipes of EventBridge.

Mappings of queues, streams, Kafka topics and brokers, message by message and for cohorts, with their parameters, filters and pollers. An
application that reads a stream in cohorts does so as a mapping does, and is here too.
"""
