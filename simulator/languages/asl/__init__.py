"""The Amazon States Language: definitions are read and checked, executions run; without a clock, usable alone."""
