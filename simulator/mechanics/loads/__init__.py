"""What traffic sends, and when.

The shape of a load over time, the arrivals drawn from it, users who wait for their answers, and the messages that known sources really send.
"""
