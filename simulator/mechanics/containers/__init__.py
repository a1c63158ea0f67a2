"""Containers: services and tasks of Amazon ECS on Fargate.

How tasks are launched, run and stopped, and what they do, as a service or each for one piece of work. The Task states of a state machine are in `workflows`.
"""
