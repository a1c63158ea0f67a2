"""What work asks for data.

The capacity of tables, and the threads with which databases and search domains answer.
"""
