"""State machines: AWS Step Functions on simulated time.

Executions, the tasks that they call or wait for, and what a user says of them that the simulation cannot know. The language itself is `simulator.languages.asl`.
"""
