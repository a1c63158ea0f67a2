"""Streams of shards: Kinesis Data Streams, and the streams of tables.

Producers, shards and their limits, reading and resharding, record by record and for cohorts. The log that shards and the partitions of Kafka are made of is `stream_log`.
"""
